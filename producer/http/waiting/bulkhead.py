"""The journal as a request may use it: few connections, and an answer or a no within seconds."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from producer.journal import Call, Journal, JournalUnavailable

T = TypeVar("T")

ASK_WITHIN_S = 7.0
# Calls take well under a millisecond of Redis; more at once would only queue there.
_AT_ONCE = 32


class JournalBulkhead:
    """Runs calls of a journal, each within `ASK_WITHIN_S` seconds, whatever Redis does."""

    def __init__(self, journal: Journal, *, within_s: float = ASK_WITHIN_S) -> None:
        self._journal = journal
        self._within_s = within_s
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def __call__(self, call: Call[T], *, within_s: float | None = None) -> T:
        """Run the call.

        Raises:
            JournalUnavailable: Redis did not answer in time or refused.
        """
        try:
            async with asyncio.timeout(self._within_s if within_s is None else within_s):
                async with self._slots:
                    return await self._journal(call)
        except TimeoutError as error:
            raise JournalUnavailable(self._journal.failing or error) from error
