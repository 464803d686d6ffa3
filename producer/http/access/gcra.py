"""Rate limiting by the generic cell rate algorithm (GCRA)."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class CellRate:
    """`burst` events at once, then one every `interval_s` seconds.

    The only state is one time, `due`: when the whole burst is available again.
    """

    burst: int
    interval_s: float

    def wait_s(self, due: float, now: float) -> float:
        """Seconds until the next event is allowed; 0 for now."""
        wait = due - (self.burst - 1) * self.interval_s - now
        return wait if wait > _ROUNDING else 0.0

    def used(self, due: float, now: float) -> float:
        """`due` after one more event."""
        return max(due, now) + self.interval_s

    def left(self, due: float, now: float) -> int:
        """How many events are allowed right now."""
        return max(floor(self.burst - max(due - now, 0.0) / self.interval_s + _ROUNDING), 0)
