"""How much of the rate limit is used, by everybody together."""

from __future__ import annotations

import time

from producer.journal import BlockingJournal, paces


class LimiterUse:
    """Called again and again, tells the use since the last time."""

    def __init__(self, journal: BlockingJournal) -> None:
        self._journal = journal
        self._booked: dict[str, int] = {}
        self._at = 0.0

    def __call__(self) -> float | None:
        """The use of the limit that is used most, 0 to 1; None where nothing is limited.

        Raises:
            JournalUnavailable: Redis is out of reach.
        """
        found, now = self._journal(paces()), time.monotonic()
        passed, self._at = now - self._at, now
        before, self._booked = self._booked, {scope: pace.booked for scope, pace in found.items()}
        uses = [
            (pace.booked - before[scope]) / passed / pace.rate
            for scope, pace in found.items()
            if pace.rate and scope in before
        ]
        return min(1.0, max(uses)) if uses else None
