"""Scans the failed commands, with a bound on what one request may read."""

from __future__ import annotations

from collections.abc import AsyncIterator

from producer.contract import State
from producer.http.waiting.bulkhead import JournalBulkhead
from producer.journal.operations.failed import Kept, Place, failed_after, kept

_BATCH = 200


class Scan:
    """Failed commands from a place on, the oldest first. Reads at most `limit` commands."""

    def __init__(self, journal: JournalBulkhead, after: Place | None, limit: int) -> None:
        self._journal = journal
        self._limit = limit
        self._place = after
        self._ended = False

    @property
    def next(self) -> Place | None:
        """Where to continue; None if the end was reached."""
        return None if self._ended else self._place

    async def __aiter__(self) -> AsyncIterator[Kept]:
        scanned, batch = 0, _BATCH
        while scanned < self._limit and not self._ended:
            found = await self._journal(failed_after(self._place, batch))
            rows = (
                await self._journal(kept([one.id for one in found.places])) if found.places else []
            )
            for place, one in zip(found.places, rows, strict=True):
                scanned += 1
                self._place = place
                self._ended = not found.more and place == found.places[-1]
                if isinstance(one, Kept) and one.state is State.FAILED:
                    yield one
            self._ended = not found.more
            # No places: the whole batch failed in one millisecond, before the place. Read more.
            batch = _BATCH if found.places else 2 * batch
