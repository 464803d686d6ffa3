"""The journal's identity: an id written at its first use, which reveals its loss.

A Redis that was emptied, restored from other data, or reached at another address answers as if
nothing were wrong. A process remembers the first id it reads, or gets it from CARDS_JOURNAL_ID.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from producer.journal.redis import keys
from producer.journal.redis.calls import Call
from producer.journal.redis.connection import BlockingJournal, JournalUnavailable
from producer.redis import RedisConfig
from producer.redis.faults import OtherData

log = logging.getLogger(__name__)

_CHECK_EVERY_S = 1.0
_STOPS = "nothing is accepted or carried out"
_GOES_ON = "what was accepted before is lost, and work goes on (CARDS_ACCEPT_OTHER_DATA)"


def journal_id() -> Call[str | None]:
    """The journal's id; None if no process has ever used it."""
    return Call(lambda answers: answers[0], commands=[("GET", keys.JOURNAL)])


def first_use() -> Call[str]:
    """The journal's id; a journal without one gets it now."""
    return Call(str, "create_journal_id", [uuid4().hex], durable=True)


@dataclass(frozen=True, slots=True)
class Identity:
    """A journal's id, and when it got the id; None if unknown."""

    id: str
    since: datetime | None


def identity() -> Call[Identity | None]:
    """The journal's identity, for `cards doctor`; None if no process has ever used it."""

    def parse(answers: Any) -> Identity | None:
        found, since = answers
        if found is None:
            return None
        return Identity(found, datetime.fromtimestamp(int(since) / 1000, UTC) if since else None)

    return Call(parse, commands=[("GET", keys.JOURNAL), ("GET", keys.JOURNAL_SINCE)])


def journal_in_use(journal: BlockingJournal) -> str:
    """The id of the journal; a journal without one gets it now.

    Raises:
        JournalUnavailable: also where CARDS_JOURNAL_ID names another journal.
    """
    watch = JournalWatch(journal.config)
    found: str = journal(watch.look())
    watch.see(found)
    if watch.refuses is not None:
        raise JournalUnavailable(watch.refuses)
    return found


class JournalWatch:
    """A process' check of its journal's identity: run the call `look()`, pass the answer to `see`.

    Usable by any thread.
    """

    def __init__(self, config: RedisConfig) -> None:
        self.lost: OtherData | None = None
        """Set while Redis has another journal than the remembered one."""
        self._known = config.journal_id
        self._goes_on = config.accept_other_data
        self._checked = -_CHECK_EVERY_S
        self._lock = threading.Lock()

    @property
    def refuses(self) -> OtherData | None:
        """Why nothing may be accepted or carried out; None if it may."""
        return None if self._goes_on else self.lost

    @property
    def due(self) -> bool:
        """Whether it is time for the next check."""
        return time.monotonic() - self._checked >= _CHECK_EVERY_S

    def look(self) -> Call[Any]:
        """The call whose answer `see` needs. It gives an id only to a journal that may be used."""
        return first_use() if self._known is None or self._goes_on else journal_id()

    def see(self, found: str | None) -> None:
        """Compare the id that was found with the remembered one."""
        with self._lock:
            self._checked = time.monotonic()
            if self._known is None:
                self._known = found
            lost = self.lost
            if found == self._known:
                self.lost = None
                if lost is not None:
                    log.warning("the journal of before is there again")
            elif lost is None or lost.found != found:
                self.lost = OtherData(self._known or "", found)
                # An emptied journal gets an id at its next use: that is no further loss.
                if lost is None or (lost.found is not None and self._goes_on):
                    log.critical("%s; %s", self.lost, _GOES_ON if self._goes_on else _STOPS)

    async def run(self, ask: Callable[[Call[Any]], Awaitable[Any]]) -> None:
        """Check every second, until cancelled."""
        while True:
            with suppress(JournalUnavailable):  # the callers that need Redis report it
                self.see(await ask(self.look()))
            await asyncio.sleep(_CHECK_EVERY_S)
