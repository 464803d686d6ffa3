"""How many rows may be on their way at a time, and how fast they are sent."""

from __future__ import annotations

from collections import deque

LEAST, MOST = 200, 5_000
# What the workers end in so long is on its way, so that they do not run dry between two looks.
_AHEAD_S = 10.0
_LATELY_S = 10.0
# A rate over less than this is noise.
_SHORTEST_S = 0.5


class Window:
    """Bounded in rows in flight; follows what the workers end."""

    def __init__(self, most: int = MOST) -> None:
        self._most = max(LEAST, most)
        self._ended: deque[tuple[float, int]] = deque()
        self.size = LEAST

    def ended(self, now: float, total: int, *, dry: bool) -> None:
        """So many rows had ended at the moment `now` (s); `dry` where none was in flight then."""
        self._ended.append((now, total))
        while len(self._ended) > 2 and now - self._ended[1][0] > _LATELY_S:
            self._ended.popleft()
        wanted = int(self.rate * _AHEAD_S)
        if dry:
            wanted = max(wanted, self.size * 2)
        self.size = min(self._most, max(LEAST, wanted))

    @property
    def rate(self) -> float:
        """Rows ended a second, lately."""
        if len(self._ended) < 2:
            return 0.0
        (first, before), (last, total) = self._ended[0], self._ended[-1]
        return (total - before) / max(_SHORTEST_S, last - first)


class Throttle:
    """Lets rows through at so many a second, with half a second's worth at once at most."""

    def __init__(self) -> None:
        self._credit = 1.0
        self._at: float | None = None

    def allowed(self, now: float, rps: float | None) -> int | None:
        """How many rows may go out now (s); None for any number."""
        if rps is None:
            self._at = None
            return None
        if self._at is not None:
            self._credit = min(max(1.0, rps / 2), self._credit + (now - self._at) * rps)
        self._at = now
        return int(self._credit)

    def sent(self, count: int) -> None:
        """So many went out."""
        if self._at is not None:
            self._credit -= count
