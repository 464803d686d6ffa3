"""How often something may happen, by the generic cell rate algorithm (GCRA)."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class CellRate:
    """`burst` times together, and after that once every `interval_s` seconds.

    All there is to remember is one time, `due`: when all of what was used will have come back.
    """

    burst: int
    interval_s: float

    def wait_s(self, due: float, now: float) -> float:
        """Seconds until it may happen again; 0 for now."""
        wait = due - (self.burst - 1) * self.interval_s - now
        return wait if wait > _ROUNDING else 0.0

    def used(self, due: float, now: float) -> float:
        """`due` after it has happened once more."""
        return max(due, now) + self.interval_s

    def left(self, due: float, now: float) -> int:
        """How often it may happen right now."""
        return max(floor(self.burst - max(due - now, 0.0) / self.interval_s + _ROUNDING), 0)
