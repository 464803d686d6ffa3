"""Replays the failed commands that match a filter, or counts them."""

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

MAX_SCANNED = 5_000
"""Failed commands that are read for one request."""


@dataclass(slots=True)
class ReplayResult:
    """The outcome of a request."""

    matching: int = 0
    """Commands that were replayed, or would be."""
    poison: int = 0
    """Commands left out because they killed their worker."""
    refused: Counter[str] = field(default_factory=Counter)
    """Commands whose signature is invalid or missing, by reason."""
    states: Counter[str] = field(default_factory=Counter)
    """Counts by the state after the replay; `gone` means that the command no longer exists."""
    next: Place | None = None
    """Where to continue; None if there are no more."""


class Replayer:
    """Replays failed commands for the API and the pages."""

    def __init__(self, services: Services, keep_s: int) -> None:
        """`keep_s` (seconds): how long a command is kept that turns out to be superseded."""
        self._services = services
        self._keep_s = keep_s

    async def __call__(self, request: ReplayRequest, *, by: str) -> ReplayResult:
        """Replay the commands, the oldest first; `by` is the caller's name, for the log.

        A repeated request continues with the rest: replayed commands are no longer failed.

        Raises:
            JournalUnavailable: any number of commands may have been replayed.
        """
        self._services.require_same_journal()
        scan = Scan(self._services.journal, request.after, MAX_SCANNED)
        result = ReplayResult()
        chosen: list[Kept] = []
        async for kept in scan:
            command = kept.failed()
            if not request.filters.matches(command.code, command.order, command.metadata):
                continue
            if command.code == POISON and not request.poison:
                result.poison += 1
            elif (flaw := kept.flaw(self._services.signing)) is not None:
                result.refused[flaw.value] += 1
            else:
                result.matching += 1
                chosen.append(kept)
            if len(chosen) == request.limit and not request.dry_run:
                break
        result.next = scan.next
        if not request.dry_run:
            result.states.update(await asyncio.gather(*map(self._replay, chosen)))
            _log(request, result.states, by)
        return result

    async def _replay(self, kept: Kept) -> str:
        language, signing = self._services.responses.language, self._services.signing
        state = await self._services.journal(kept.replayed(language, self._keep_s, signing))
        return state.value if state else "gone"


def _log(request: ReplayRequest, states: Mapping[str, int], by: str) -> None:
    parts = request.filters.parts()
    filters = ",".join(f"{name}={redact(value)}" for name, value in parts.items())
    counts = ", ".join(f"{count} {state}" for state, count in states.items()) or "none"
    log.info("failed commands: replay %s by %s: %s", filters, by or "-", counts)
