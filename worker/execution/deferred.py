"""Customers in hand whose next command waits for a slot, or for the rate limit.

Waiting holds no message, no slot and no lease: the journal knows that this worker has the customer
in hand, and others look at it once the worker has not renewed that.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from producer.contract import Lane
from producer.journal import ClaimResult, ClaimStatus, Deferred, Grant, JournalUnavailable
from producer.journal.redis.endpoints import Endpoint
from worker.celery.prefetch import Prefetch
from worker.clock import clock
from worker.execution.leases import LeaseKeeper

log = logging.getLogger(__name__)

Ask = Callable[[Sequence[str]], Awaitable[list[ClaimResult]]]

_MOST_ASKED = 50
_STOP_PAUSE_S = 1.0
_AWAY_PAUSE_S = 0.5
# Well below the time before its place at which the bulk lane is told to ask again (lua/limits.lua).
_SPREAD_S = 0.03


class Message(Protocol):
    """What is told of each command of a message, or of each customer in hand."""

    def started(self, grant: Grant) -> None:
        """Work on it begins."""

    def done(self) -> None:
        """There is nothing more to do for it now."""


Start = Callable[[ClaimResult, float, Lane, Message], None]


@dataclass(frozen=True, slots=True)
class _Waiting:
    deferred: Deferred
    message: Message


class DeferredCustomers:
    """Lines by queue and endpoint. Of a lane's lines each is asked for in turn."""

    def __init__(
        self,
        ask: Ask,
        start: Start,
        free: Callable[[Lane], int],
        leases: LeaseKeeper,
        prefetch: Prefetch,
    ) -> None:
        """`ask` takes customers up, `begin` works on one, `free` counts a lane's free slots."""
        self._ask = ask
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

    def add(self, deferred: Deferred, message: Message) -> None:
        """Let a customer wait; the message is told when it need not any more and is not begun."""
        lane, endpoint = deferred.lane, deferred.endpoint
        line = self._lines[lane].setdefault((deferred.queue, endpoint), deque())
        line.append(_Waiting(deferred, message))
        self._leases.keep(deferred.customer)
        self._prefetch.command(deferred.queue, 1)
        if deferred.wait_ms:
            self._put_off(lane, endpoint, deferred.wait_ms / 1000)
        self._woken[lane].set()

    def holds(self, lane: Lane) -> bool:
        """Whether anybody of the lane waits."""
        return bool(self._lines[lane])

    def wake(self, lane: Lane) -> None:
        """A slot of the lane is free."""
        if self._lines[lane]:
            self._woken[lane].set()

    def leave(self) -> list[str]:
        """Everybody who waits; nobody does afterwards."""
        waiting = []
        for lines in self._lines.values():
            for line in lines.values():
                while line:
                    waiting.append(self._first(line).deferred.customer)
            lines.clear()
        return waiting

    async def run(self, lane: Lane) -> None:
        """Take up the lane's customers as slots and limit allow, until cancelled."""
        while True:
            line = await self._next_line(lane)
            first = [one for one, _ in zip(line[1], range(self._most(lane)), strict=False)]
            asked_at = clock()
            try:
                claimed = await self._ask([one.deferred.customer for one in first])
            except JournalUnavailable:
                self._put_off(lane, line[0][1], _AWAY_PAUSE_S)
                continue
            except Exception:
                # Nobody else asks for them: giving up would leave them waiting.
                log.exception("who waits is asked for again")
                self._put_off(lane, line[0][1], _AWAY_PAUSE_S)
                continue
            self._answered(lane, line, claimed, asked_at)

    def _most(self, lane: Lane) -> int:
        return min(_MOST_ASKED, self._free(lane))

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

    def _answered(
        self,
        lane: Lane,
        line: tuple[tuple[str, Endpoint], deque[_Waiting]],
        claimed: Sequence[ClaimResult],
        asked_at: float,
    ) -> None:
        key, waiting = line
        for one in claimed:
            if not waiting:
                break  # the worker stops, and has given them back
            if one.status is ClaimStatus.STOPPED:
                self._put_off(lane, key[1], _STOP_PAUSE_S)
                break
            if one.deferred is not None and one.deferred.endpoint is key[1]:
                # Workers that were told the same moment do not ask in the same moment.
                spread = self._draw.uniform(0, _SPREAD_S) if lane is Lane.BULK else 0.0
                self._put_off(lane, key[1], one.deferred.wait_ms / 1000 + spread)
                break
            first = self._first(waiting)
            if one.deferred is not None:
                self.add(one.deferred, first.message)
            elif one.grant is not None:
                self._start(one, asked_at, lane, first.message)
            else:
                first.message.done()
        if not waiting:
            self._lines[lane].pop(key, None)

    def _first(self, line: deque[_Waiting]) -> _Waiting:
        """Take the first out of the line."""
        first = line.popleft()
        self._leases.drop(first.deferred.customer)
        self._prefetch.command(first.deferred.queue, -1)
        return first

    def _put_off(self, lane: Lane, endpoint: Endpoint, seconds: float) -> None:
        self._not_before[lane, endpoint] = clock() + seconds
