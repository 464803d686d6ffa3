"""Both kinds of journal behind one interface."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from producer.journal import BlockingJournal, Call, Journal, JournalFault, JournalUnavailable

KINDS = ("async", "blocking")
FAILED = (JournalUnavailable, JournalFault)


def get(key: str = "key") -> Call[Any]:
    return Call(lambda answers: answers[0], commands=[("GET", key)])


def put(key: str = "key") -> Call[Any]:
    return Call(lambda answers: answers[0], commands=[("SET", key, "1")])


class Asking:
    """A journal of either kind; `ask` returns the answer or the error of each call."""

    def __init__(self, kind: str, url: str, *, retries: int = 0) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        if kind == "blocking":
            self._blocking = BlockingJournal(url, retries=retries)
        else:
            self._loop = asyncio.new_event_loop()
            self._async = self._loop.run_until_complete(_made(url, retries))

    def ask(self, *calls: Call[Any]) -> list[Any]:
        """The outcomes of calls made together, or else one after the other."""
        if self._loop is not None:
            return list(self._loop.run_until_complete(self._together(calls)))
        return [self._one(call) for call in calls]

    async def _together(self, calls: Sequence[Call[Any]]) -> list[Any]:
        return await asyncio.gather(*map(self._async, calls), return_exceptions=True)

    def _one(self, call: Call[Any]) -> Any:
        try:
            return self._blocking(call)
        except FAILED as error:
            return error

    def close(self) -> None:
        if self._loop is None:
            self._blocking.close()
        else:
            self._loop.run_until_complete(self._async.aclose())
            self._loop.close()


async def _made(url: str, retries: int) -> Journal:
    return Journal(url, retries=retries)
