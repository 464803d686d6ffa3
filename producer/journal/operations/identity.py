"""Which journal this is: an id written at its first use, by which its loss is noticed.

Redis that was emptied, restored from something else, or reached under another address answers as if
nothing were wrong. A process remembers the id that it found first, or has it from CARDS_JOURNAL_ID.
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

_LOOK_EVERY_S = 1.0
_STOPS = "nothing is accepted or carried out"
_GOES_ON = "what was accepted before is lost, and work goes on (CARDS_ACCEPT_OTHER_DATA)"


def journal_id() -> Call[str | None]:
    """The journal's id; None where no process has ever used it."""
    return Call(lambda answers: answers[0], commands=[("GET", keys.JOURNAL)])


def first_use() -> Call[str]:
    """The journal's id, given to it now where it had none."""
    return Call(str, "first_use", [uuid4().hex], durable=True)


@dataclass(frozen=True, slots=True)
class Identity:
    """A journal's id, and since when it has it; None where that is not known."""

    id: str
    since: datetime | None


def identity() -> Call[Identity | None]:
    """What `cards doctor` tells of the journal; None where no process has ever used it."""

    def parse(answers: Any) -> Identity | None:
        found, since = answers
        if found is None:
            return None
        return Identity(found, datetime.fromtimestamp(int(since) / 1000, UTC) if since else None)

    return Call(parse, commands=[("GET", keys.JOURNAL), ("GET", keys.JOURNAL_SINCE)])


def journal_in_use(journal: BlockingJournal) -> str:
    """The id of the journal, given to it now where it had none.

    Raises:
        JournalUnavailable: also where it is not the one that CARDS_JOURNAL_ID names.
    """
    watch = JournalWatch(journal.config)
    found: str = journal(watch.look())
    watch.see(found)
    if watch.refuses is not None:
        raise JournalUnavailable(watch.refuses)
    return found


class JournalWatch:
    """What a process knows of its journal's identity. Ask `look`, and tell the answer to `see`.

    Usable by any thread.
    """

    def __init__(self, config: RedisConfig) -> None:
        self.lost: OtherData | None = None
        """Set while the journal is not the one of before."""
        self._known = config.journal_id
        self._goes_on = config.accept_other_data
        self._seen = -_LOOK_EVERY_S
        self._seeing = threading.Lock()

    @property
    def refuses(self) -> OtherData | None:
        """Why nothing may be accepted or carried out; None where it may."""
        return None if self._goes_on else self.lost

    @property
    def due(self) -> bool:
        """Whether it is time to look again."""
        return time.monotonic() - self._seen >= _LOOK_EVERY_S

    def look(self) -> Call[Any]:
        """The call whose answer `see` wants. Only a journal that may be used is given an id."""
        return first_use() if self._known is None or self._goes_on else journal_id()

    def see(self, found: str | None) -> None:
        """Compare what was found with what is known."""
        with self._seeing:
            self._seen = time.monotonic()
            if self._known is None:
                self._known = found
            lost = self.lost
            if found == self._known:
                self.lost = None
                if lost is not None:
                    log.warning("the journal of before is there again")
            elif lost is None or lost.found != found:
                self.lost = OtherData(self._known or "", found)
                # One that was emptied gets an id at its next use: that is not a further loss.
                if lost is None or (lost.found is not None and self._goes_on):
                    log.critical("%s; %s", self.lost, _GOES_ON if self._goes_on else _STOPS)

    async def run(self, ask: Callable[[Call[Any]], Awaitable[Any]]) -> None:
        """Look every second, until cancelled."""
        while True:
            with suppress(JournalUnavailable):  # told by whoever needs Redis
                self.see(await ask(self.look()))
            await asyncio.sleep(_LOOK_EVERY_S)
