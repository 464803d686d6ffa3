"""The used share of the rate limit, by all senders together."""

from __future__ import annotations

import time

from producer.journal import BlockingJournal, paces


class LimiterUse:
    """Each call returns the use since the call before."""

    def __init__(self, journal: BlockingJournal) -> None:
        self._journal = journal
        self._booked: dict[str, int] = {}
        self._at = 0.0

    def __call__(self) -> float | None:
        """The use of the busiest limit, 0 to 1; None without limits.

        Raises:
            JournalUnavailable: Redis is unreachable.
        """
        found, now = self._journal(paces()), time.monotonic()
        elapsed, self._at = now - self._at, now
        before, self._booked = self._booked, {scope: pace.booked for scope, pace in found.items()}
        uses = [
            (pace.booked - before[scope]) / elapsed / pace.rate
            for scope, pace in found.items()
            if pace.rate and scope in before
        ]
        return min(1.0, max(uses)) if uses else None
