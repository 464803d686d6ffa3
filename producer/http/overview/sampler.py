"""Samples the current situation, at most once a second for all viewers."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from producer.http.overview.last_hour import SAMPLE_EVERY_S, LastHour, RecentEnds
from producer.http.waiting.background_tasks import end
from producer.http.waiting.bulkhead import JournalBulkhead
from producer.journal import (
    Figures,
    JournalFault,
    JournalUnavailable,
    Pace,
    figures,
    paces,
    write_probe,
)
from producer.journal.leases.limits import ACCOUNT
from producer.journal.operations.failed import Kept, kept, longest_unsettled_ids, newest_failed_ids
from producer.migrations.model.status import MigrationStatus
from producer.redis.faults import Fault, Meaning

log = logging.getLogger(__name__)

FRESH_S = 0.9
# Failed and unsettled commands whose codes are counted, and how many of them are shown.
COUNTED, _SHOWN = 100, 10
_MIGRATIONS_S = 5.0
# Two samples must be at least this far apart to measure a rate.
_RATE_S = 0.5
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TroubledCommands:
    """Failed or unsettled commands: counts by code, and examples."""

    codes: Mapping[str, int]
    examples: list[Kept]
    complete: bool
    """Whether all were counted, rather than only the newest, or the oldest, 100."""


@dataclass(frozen=True, slots=True)
class Overview:
    """The situation at one time."""

    figures: Figures
    paces: Mapping[str, Pace]
    recent_ends: RecentEnds
    rate: float | None
    """Requests to Stripe a second; None until there are two samples."""
    failed: TroubledCommands
    unsettled: TroubledCommands
    migrations: list[MigrationStatus]
    """Migrations that have not ended."""
    refuses: Fault | None = None
    """Why Redis answers but accepts no writes: commands are refused, and workers are idle."""

    @property
    def limit(self) -> float:
        """Requests a second that the account's limit allows now; 0 for no limit."""
        pace = self.paces.get(ACCOUNT)
        return pace.rate * pace.factor if pace else 0.0


class SharedRead(Generic[T]):
    """Reads each key at most once within `FRESH_S` and shares the result among callers."""

    def __init__(self, read: Callable[[str], Awaitable[T]], fresh_s: float = FRESH_S) -> None:
        self._read = read
        self._fresh_s = fresh_s
        self._kept: dict[str, tuple[float, asyncio.Future[T]]] = {}

    async def __call__(self, key: str = "") -> T:
        """The value read; raises what the read raised."""
        now = asyncio.get_running_loop().time()
        self._kept = {k: kept for k, kept in self._kept.items() if kept[0] > now}
        if key not in self._kept:
            reading = asyncio.ensure_future(self._read(key))
            # Retrieved, in case the caller has gone.
            reading.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._kept[key] = now + self._fresh_s, reading
        # Shielded: a caller that disconnects must not cancel the read for the others.
        return await asyncio.shield(self._kept[key][1])


class Sampler:
    """Takes samples on demand, and one a minute for the last hour."""

    def __init__(
        self, journal: JournalBulkhead, migrations: Callable[[], Awaitable[list[MigrationStatus]]]
    ) -> None:
        self._journal = journal
        self._hour = LastHour()
        self._before: tuple[float, float] | None = None
        self._rate: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._migrations = SharedRead(lambda _: migrations(), _MIGRATIONS_S)
        self.overview: SharedRead[Overview] = SharedRead(self._sample)
        """Raises JournalUnavailable, JournalFault."""

    def start(self) -> None:
        """Start to record the last hour."""
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Stop recording."""
        if self._task is not None:
            await end(self._task)

    async def _keep(self) -> None:
        while True:
            with suppress(JournalUnavailable, JournalFault):  # reported by whatever needs Redis
                self._hour.record(await self._journal(figures()))
            await asyncio.sleep(SAMPLE_EVERY_S)

    async def _sample(self, _: str) -> Overview:
        refuses = await self._refuses()
        found = await self._journal(figures())
        limits = await self._journal(paces())
        return Overview(
            figures=found,
            paces=limits,
            recent_ends=self._hour.record(found),
            rate=self._rate_of(found),
            failed=await self._troubled_commands(await self._journal(newest_failed_ids(COUNTED))),
            unsettled=await self._troubled_commands(
                await self._journal(longest_unsettled_ids(COUNTED))
            ),
            migrations=[one for one in await self._migrations() if not one.state.ended],
            refuses=refuses,
        )

    async def _refuses(self) -> Fault | None:
        try:
            await self._journal(write_probe())
        except JournalUnavailable as error:
            if error.fault.meaning is Meaning.REFUSED or error.fault.code == "unconfirmed":
                return error.fault
            raise
        return None

    async def _troubled_commands(self, ids: list[str]) -> TroubledCommands:
        if not ids:
            return TroubledCommands({}, [], True)
        found = [one for one in await self._journal(kept(ids)) if isinstance(one, Kept)]
        codes = Counter(one.row.get("code") or "-" for one in found)
        return TroubledCommands(dict(codes.most_common()), found[:_SHOWN], len(ids) < COUNTED)

    def _rate_of(self, found: Figures) -> float | None:
        sent = sum(n for words, n in found.measured.items() if words[0] == "requests")
        if self._before is None or sent < self._before[1]:
            self._before = found.at, sent
            return self._rate
        passed = found.at - self._before[0]
        if passed >= _RATE_S:
            # Workers report once a second, so the rate is smoothed over a few samples.
            latest = (sent - self._before[1]) / passed
            recent = self._rate is not None and passed < 5
            self._rate = latest if not recent else 0.6 * (self._rate or 0) + 0.4 * latest
            self._before = found.at, sent
        return self._rate
