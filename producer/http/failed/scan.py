"""A walk through the failed commands that costs a request no more than its share."""

from __future__ import annotations

from collections.abc import AsyncIterator

from producer.contract import State
from producer.http.waiting.bulkhead import JournalBulkhead
from producer.journal.operations.failed import Kept, Place, failed_after, kept

_TOGETHER = 200


class Scan:
    """Failed commands from a place on, the oldest first. No more than `most` are looked at."""

    def __init__(self, journal: JournalBulkhead, after: Place | None, most: int) -> None:
        self._journal = journal
        self._most = most
        self._place = after
        self._ended = False

    @property
    def next(self) -> Place | None:
        """Where to go on; None where the end was reached."""
        return None if self._ended else self._place

    async def __aiter__(self) -> AsyncIterator[Kept]:
        looked, together = 0, _TOGETHER
        while looked < self._most and not self._ended:
            found = await self._journal(failed_after(self._place, together))
            rows = (
                await self._journal(kept([one.id for one in found.places])) if found.places else []
            )
            for place, one in zip(found.places, rows, strict=True):
                looked += 1
                self._place = place
                self._ended = not found.more and place == found.places[-1]
                if isinstance(one, Kept) and one.state is State.FAILED:
                    yield one
            self._ended = not found.more
            # As many as were read gave up in one millisecond, all of them before the place.
            together = _TOGETHER if found.places else 2 * together
