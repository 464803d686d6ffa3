"""Which journal this is: an id written at its first use, by which its loss is noticed.

Redis that was emptied, restored from something else, or reached under another address answers as if
nothing were wrong. A process remembers the id that it found first, or has it from CARDS_JOURNAL_ID.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

from producer.journal import keys
from producer.journal.calls import Call
from producer.journal.connection import JournalUnavailable
from producer.redis import RedisConfig
from producer.redis.faults import OtherData

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0


def journal_id() -> Call[str | None]:
    """The journal's id; None where no process has ever used it."""
    return Call(lambda answers: answers[0], commands=[("GET", keys.JOURNAL)])


def first_use(candidate: str) -> Call[str]:
    """The journal's id, which is the candidate from now on where there was none."""
    commands: list[tuple[str | int, ...]] = [
        ("SET", keys.JOURNAL, candidate, "NX"),
        ("GET", keys.JOURNAL),
    ]
    return Call(lambda answers: str(answers[1]), commands=commands, durable=True)


class JournalWatch:
    """What a process knows of its journal's identity. Ask `look`, and tell the answer to `see`."""

    def __init__(self, config: RedisConfig) -> None:
        self.lost: OtherData | None = None
        """Set while the journal is not the one of before."""
        self._known = config.journal_id
        self._goes_on = config.accept_other_data
        self._seen = -_LOOK_EVERY_S

    @property
    def refuses(self) -> OtherData | None:
        """Why nothing may be accepted or carried out; None where it may."""
        return None if self._goes_on else self.lost

    @property
    def due(self) -> bool:
        """Whether it is time to look again."""
        return time.monotonic() - self._seen >= _LOOK_EVERY_S

    def look(self) -> Call[Any]:
        """The call whose answer `see` wants."""
        if self._known is None or (self.lost is not None and self._goes_on):
            return first_use(self._known or uuid4().hex)
        return journal_id()

    def see(self, found: str | None) -> None:
        """Compare what was found with what is known."""
        self._seen = time.monotonic()
        if self._known is None:
            self._known = found
        lost, self.lost = self.lost, None
        if found != self._known:
            self.lost = lost or OtherData(self._known or "", found)
            if lost is None:
                log.critical("%s", self.lost)
        elif lost is not None:
            log.warning("the journal of before is there again")

    async def run(self, ask: Callable[[Call[Any]], Awaitable[Any]]) -> None:
        """Look every second, until cancelled."""
        while True:
            with suppress(JournalUnavailable):  # told by whoever needs Redis
                self.see(await ask(self.look()))
            await asyncio.sleep(_LOOK_EVERY_S)
