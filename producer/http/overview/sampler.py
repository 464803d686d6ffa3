"""One sample a second of what is happening, however many look."""

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
# Failed and unsettled commands that are looked at for their codes, and shown.
_LOOKED_AT, _SHOWN = 100, 10
_MIGRATIONS_S = 5.0
# Shorter than this two samples tell of no rate.
_RATE_S = 0.5
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TroubledCommands:
    """Commands that need somebody, or a while: how many by code, and some of them."""

    codes: Mapping[str, int]
    examples: list[Kept]
    complete: bool
    """Whether all were looked at, and not only the newest, or the oldest, 100."""


@dataclass(frozen=True, slots=True)
class Overview:
    """What is happening at one moment."""

    figures: Figures
    paces: Mapping[str, Pace]
    recent_ends: RecentEnds
    rate: float | None
    """Requests a second that workers sent to Stripe; None until there are two samples."""
    failed: TroubledCommands
    unsettled: TroubledCommands
    migrations: list[MigrationStatus]
    """Those that have not ended."""
    refuses: Fault | None = None
    """Why Redis, which answers, takes no writes: commands are refused, and workers stand still."""

    @property
    def limit(self) -> float:
        """Requests a second that the account's limit lets through now; 0 for no limit."""
        pace = self.paces.get(ACCOUNT)
        return pace.rate * pace.factor if pace else 0.0


class SharedRead(Generic[T]):
    """What is read at most once within `FRESH_S` for each key, for all who ask for it."""

    def __init__(self, read: Callable[[str], Awaitable[T]], fresh_s: float = FRESH_S) -> None:
        self._read = read
        self._fresh_s = fresh_s
        self._kept: dict[str, tuple[float, asyncio.Future[T]]] = {}

    async def __call__(self, key: str = "") -> T:
        """What was read; raises what reading raised."""
        now = asyncio.get_running_loop().time()
        self._kept = {one: kept for one, kept in self._kept.items() if kept[0] > now}
        if key not in self._kept:
            reading = asyncio.ensure_future(self._read(key))
            # Of no interest where whoever asked has gone.
            reading.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._kept[key] = now + self._fresh_s, reading
        # Whoever goes away takes the answer from nobody.
        return await asyncio.shield(self._kept[key][1])


class Sampler:
    """Samples for whoever looks, and one a minute for the last hour."""

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
        """Begin to keep the last hour."""
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """End that."""
        if self._task is not None:
            await end(self._task)

    async def _keep(self) -> None:
        while True:
            with suppress(JournalUnavailable, JournalFault):  # told by whoever needs Redis
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
            failed=await self._troubled_commands(
                await self._journal(newest_failed_ids(_LOOKED_AT))
            ),
            unsettled=await self._troubled_commands(
                await self._journal(longest_unsettled_ids(_LOOKED_AT))
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
        return TroubledCommands(dict(codes.most_common()), found[:_SHOWN], len(ids) < _LOOKED_AT)

    def _rate_of(self, found: Figures) -> float | None:
        sent = sum(n for words, n in found.measured.items() if words[0] == "requests")
        if self._before is None or sent < self._before[1]:
            self._before = found.at, sent
            return self._rate
        passed = found.at - self._before[0]
        if passed >= _RATE_S:
            # Workers tell each second: what they told since is spread over a few samples.
            latest = (sent - self._before[1]) / passed
            recent = self._rate is not None and passed < 5
            self._rate = latest if not recent else 0.6 * (self._rate or 0) + 0.4 * latest
            self._before = found.at, sent
        return self._rate
