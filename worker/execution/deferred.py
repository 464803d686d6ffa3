"""Deferred customers: their next command waits for a slot, or for the rate limit.

A deferred customer holds no message, no slot and no lease. The journal knows which worker deferred
it; other workers claim its command once that worker no longer renews this.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from producer.contract import Lane
from producer.journal import ClaimResult, ClaimStatus, Deferred, JournalUnavailable
from producer.journal.redis.endpoints import Endpoint
from worker.celery.prefetch import Prefetch
from worker.clock import clock
from worker.execution.leases import LeaseKeeper
from worker.execution.message_progress import MessageProgress

log = logging.getLogger(__name__)

ClaimNext = Callable[[Sequence[str]], Awaitable[list[ClaimResult]]]
Start = Callable[[ClaimResult, float, Lane, MessageProgress], None]

_MAX_CLAIMS = 50
_STOP_PAUSE_S = 1.0
_REDIS_AWAY_PAUSE_S = 0.5
# Well below how long before its place the journal makes the bulk lane ask again (lua/limits.lua).
_SPREAD_S = 0.03


@dataclass(frozen=True, slots=True)
class _Waiting:
    deferred: Deferred
    progress: MessageProgress


class DeferredCustomers:
    """Lines by queue and endpoint. The lines of a lane take turns."""

    def __init__(
        self,
        claim_next: ClaimNext,
        start: Start,
        free: Callable[[Lane], int],
        leases: LeaseKeeper,
        prefetch: Prefetch,
    ) -> None:
        """`claim_next` claims customers' commands, `start` executes one, `free` counts slots."""
        self._claim_next = claim_next
        self._start = start
        self._free = free
        self._leases = leases
        self._prefetch = prefetch
        self._draw = random.Random()
        self._lines: dict[Lane, dict[tuple[str, Endpoint], deque[_Waiting]]] = {
            lane: {} for lane in Lane
        }
        self._not_before: dict[tuple[Lane, Endpoint], float] = {}
        self._woken = {lane: asyncio.Event() for lane in Lane}

    def add(self, deferred: Deferred, progress: MessageProgress) -> None:
        """Defer a customer; `progress.done` runs if it leaves the line without being started."""
        lane, endpoint = deferred.lane, deferred.endpoint
        line = self._lines[lane].setdefault((deferred.queue, endpoint), deque())
        line.append(_Waiting(deferred, progress))
        self._leases.keep(deferred.customer)
        self._prefetch.command(deferred.queue, 1)
        if deferred.wait_ms:
            self._postpone(lane, endpoint, deferred.wait_ms / 1000)
        self._woken[lane].set()

    def holds(self, lane: Lane) -> bool:
        """Whether customers of the lane are deferred."""
        return bool(self._lines[lane])

    def wake(self, lane: Lane) -> None:
        """A slot of the lane is free."""
        if self._lines[lane]:
            self._woken[lane].set()

    def remove_all(self) -> list[str]:
        """Remove and return all deferred customers."""
        customers = []
        for lines in self._lines.values():
            for line in lines.values():
                while line:
                    customers.append(self._pop(line).deferred.customer)
            lines.clear()
        return customers

    async def run(self, lane: Lane) -> None:
        """Claim the lane's customers as slots and rate limit allow, until cancelled."""
        while True:
            key, line = await self._next_line(lane)
            count = min(_MAX_CLAIMS, self._free(lane))
            first = [waiting for waiting, _ in zip(line, range(count), strict=False)]
            asked_at = clock()
            try:
                claimed = await self._claim_next([waiting.deferred.customer for waiting in first])
            except JournalUnavailable:
                self._postpone(lane, key[1], _REDIS_AWAY_PAUSE_S)
                continue
            except Exception:
                # Nobody else claims for them: giving up would leave them waiting.
                log.exception("claiming for deferred customers failed; it is tried again")
                self._postpone(lane, key[1], _REDIS_AWAY_PAUSE_S)
                continue
            self._apply(lane, key, line, claimed, asked_at)

    async def _next_line(self, lane: Lane) -> tuple[tuple[str, Endpoint], deque[_Waiting]]:
        lines, woken = self._lines[lane], self._woken[lane]
        while True:
            woken.clear()
            now, soonest = clock(), float("inf")
            for key, line in lines.items() if self._free(lane) > 0 else ():
                at = self._not_before.get((lane, key[1]), 0.0)
                if at <= now:
                    # Behind the others, for the next time.
                    lines[key] = lines.pop(key)
                    return key, line
                soonest = min(soonest, at)
            try:
                timeout = None if soonest == float("inf") else soonest - now
                await asyncio.wait_for(woken.wait(), timeout)
            except TimeoutError:
                continue

    def _apply(
        self,
        lane: Lane,
        key: tuple[str, Endpoint],
        line: deque[_Waiting],
        claim_results: Sequence[ClaimResult],
        asked_at: float,
    ) -> None:
        endpoint = key[1]
        for claimed in claim_results:
            if not line:
                break  # the worker stops, and has released them
            if claimed.status is ClaimStatus.STOPPED:
                self._postpone(lane, endpoint, _STOP_PAUSE_S)
                break
            if claimed.deferred is not None and claimed.deferred.endpoint is endpoint:
                # Workers that were given the same moment do not ask in the same moment.
                spread = self._draw.uniform(0, _SPREAD_S) if lane is Lane.BULK else 0.0
                self._postpone(lane, endpoint, claimed.deferred.wait_ms / 1000 + spread)
                break
            first = self._pop(line)
            if claimed.deferred is not None:
                self.add(claimed.deferred, first.progress)
            elif claimed.grant is not None:
                self._start(claimed, asked_at, lane, first.progress)
            else:
                first.progress.done()
        if not line:
            self._lines[lane].pop(key, None)

    def _pop(self, line: deque[_Waiting]) -> _Waiting:
        first = line.popleft()
        self._leases.drop(first.deferred.customer)
        self._prefetch.command(first.deferred.queue, -1)
        return first

    def _postpone(self, lane: Lane, endpoint: Endpoint, seconds: float) -> None:
        self._not_before[lane, endpoint] = clock() + seconds
