"""Taking up again the failed commands that a filter matches, or counting them."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from producer.contract.card_data.redaction import redact
from producer.contract.failed_filters import POISON
from producer.http.failed.parameters import ReplayRequest
from producer.http.failed.scan import Scan
from producer.http.services import Services
from producer.journal.operations.failed import Kept, Place

log = logging.getLogger(__name__)

LOOKED_AT = 5_000
"""Failed commands that are looked at for one request."""


@dataclass(slots=True)
class ReplayResult:
    """What a request came to."""

    matching: int = 0
    """Those that were taken up, or would be."""
    poison: int = 0
    """Those that are left out, since they killed their worker."""
    refused: Counter[str] = field(default_factory=Counter)
    """Those whose signature is wrong or missing, by why."""
    states: Counter[str] = field(default_factory=Counter)
    """How many came to be in which state; `gone` is no state."""
    next: Place | None = None
    """Where to go on; None where there are no more."""


class Replayer:
    """Replays for whoever asks."""

    def __init__(self, services: Services, keep_s: int) -> None:
        """`keep_s` (seconds) is how long one is kept that a newer command has overtaken."""
        self._services = services
        self._keep_s = keep_s

    async def __call__(self, asked: ReplayRequest, *, by: str) -> ReplayResult:
        """Take them up, the oldest first; `by` is the name of who asks, for the log.

        Whoever asks again gets the rest: what was taken up is no longer failed.

        Raises:
            JournalUnavailable: any number of them may have been taken up.
        """
        self._services.require_same_journal()
        scan = Scan(self._services.journal, asked.after, LOOKED_AT)
        told = ReplayResult()
        chosen: list[Kept] = []
        async for one in scan:
            command = one.failed()
            if not asked.wanted.matches(command.code, command.order, command.metadata):
                continue
            if command.code == POISON and not asked.poison:
                told.poison += 1
            elif (flaw := one.flaw(self._services.signing)) is not None:
                told.refused[flaw.value] += 1
            else:
                told.matching += 1
                chosen.append(one)
            if len(chosen) == asked.limit and not asked.dry_run:
                break
        told.next = scan.next
        if not asked.dry_run:
            told.states.update(await asyncio.gather(*(self._replay(one) for one in chosen)))
            _log(asked, told.states, by)
        return told

    async def _replay(self, one: Kept) -> str:
        language, signing = self._services.responses.language, self._services.signing
        state = await self._services.journal(one.replayed(language, self._keep_s, signing))
        return state.value if state else "gone"


def _log(asked: ReplayRequest, states: Mapping[str, int], by: str) -> None:
    parts = asked.wanted.parts()
    which = ",".join(f"{name}={redact(value)}" for name, value in parts.items())
    counts = ", ".join(f"{count} {state}" for state, count in states.items()) or "none"
    log.info("failed commands: replay %s by %s: %s", which, by or "-", counts)
