"""A bulkhead around the journal: few concurrent calls, and an answer or an error in seconds."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from producer.journal import Call, Journal, JournalUnavailable

T = TypeVar("T")

CALL_WITHIN_S = 7.0
# A call takes Redis well under a millisecond; more concurrent calls would only queue there.
_MAX_CONCURRENT = 32


class JournalBulkhead:
    """Runs calls of a journal, each within `CALL_WITHIN_S` seconds even if Redis hangs."""

    def __init__(self, journal: Journal, *, within_s: float = CALL_WITHIN_S) -> None:
        self._journal = journal
        self._within_s = within_s
        self._slots = asyncio.Semaphore(_MAX_CONCURRENT)

    async def __call__(self, call: Call[T], *, within_s: float | None = None) -> T:
        """Run the call.

        Raises:
            JournalUnavailable: Redis did not answer in time, or refused.
        """
        try:
            async with asyncio.timeout(self._within_s if within_s is None else within_s):
                async with self._slots:
                    return await self._journal(call)
        except TimeoutError as error:
            raise JournalUnavailable(self._journal.failing or error) from error
