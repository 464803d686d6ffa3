"""Bounds the rows in flight, and how fast rows are sent."""

from __future__ import annotations

from collections import deque

LEAST, MOST = 200, 5_000
# Rows for this long are in flight, so that workers do not run dry between two polls.
_AHEAD_S = 10.0
_RATE_WINDOW_S = 10.0
# A rate over less time is noise.
_SHORTEST_S = 0.5


class Window:
    """The maximum of rows in flight; it follows the rate at which rows end."""

    def __init__(self, most: int = MOST) -> None:
        self._most = max(LEAST, most)
        self._ended: deque[tuple[float, int]] = deque()
        self.size = LEAST

    def ended(self, now: float, total: int, *, dry: bool) -> None:
        """Update: `total` rows had ended at `now` (s); `dry` if none was in flight."""
        self._ended.append((now, total))
        while len(self._ended) > 2 and now - self._ended[1][0] > _RATE_WINDOW_S:
            self._ended.popleft()
        wanted = int(self.rate * _AHEAD_S)
        if dry:
            wanted = max(wanted, self.size * 2)
        self.size = min(self._most, max(LEAST, wanted))

    @property
    def rate(self) -> float:
        """Rows ended a second, recently."""
        if len(self._ended) < 2:
            return 0.0
        (first, before), (last, total) = self._ended[0], self._ended[-1]
        return (total - before) / max(_SHORTEST_S, last - first)


class Throttle:
    """Limits rows to `rps` a second, with bursts of half a second's rows."""

    def __init__(self) -> None:
        self._credit = 1.0
        self._at: float | None = None

    def allowed(self, now: float, rps: float | None) -> int | None:
        """The number of rows that may be sent at `now` (s); None is any number."""
        if rps is None:
            self._at = None
            return None
        if self._at is not None:
            self._credit = min(max(1.0, rps / 2), self._credit + (now - self._at) * rps)
        self._at = now
        return int(self._credit)

    def sent(self, count: int) -> None:
        """Count sent rows."""
        if self._at is not None:
            self._credit -= count
