"""Carries out a customer's commands, one after the other, under the customer's lease."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar
from uuid import uuid4

from producer.contract import Lane, State
from producer.journal import (
    ClaimingStopped,
    ClaimResult,
    ClaimStatus,
    End,
    Grant,
    Journal,
    JournalFault,
    JournalUnavailable,
    Retry,
    claim,
    claim_many,
    claim_next,
    claim_next_many,
    complete,
    renew,
)
from producer.journal.redis.calls import Call
from producer.journal.redis.queues import lane_of
from worker.celery.prefetch import Prefetch
from worker.clock import clock
from worker.execution.attempt_runner import AttemptRunner
from worker.execution.deferred import DeferredCustomers, Message
from worker.execution.leases import LeaseKeeper
from worker.handlers.attempt import LeaseLost
from worker.observability.command_events import CommandEvents
from worker.observability.log_context import about, last_request
from worker.observability.measurements import Measurements
from worker.observability.tracing import Tracing
from worker.settings import WorkerSettings
from worker.stripe.rate_limiter import use_reservation

log = logging.getLogger(__name__)
T = TypeVar("T")

# A retry due this soon is woken by the worker that closed the try, others by the next sweep.
_WAKE_MYSELF_S = 3.0
STOP_PAUSE_S = 1.0
_LOOK_AGAIN_S = 0.5


# Customers whose data are damaged, and what of them was logged.
_MOST_TOLD = 1000


class Stopping(Exception):
    """The worker stops before it could find out what to do with the message."""


class Executor:
    """One per process, on the process's loop. Arrivals, sweeps and timers give it work."""

    def __init__(
        self,
        settings: WorkerSettings,
        journal: Journal,
        attempts: AttemptRunner,
        leases: LeaseKeeper,
        command_events: CommandEvents,
        prefetch: Prefetch,
        measurements: Measurements | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._attempts = attempts
        self._leases = leases
        self._command_events = command_events
        self._prefetch = prefetch
        self._measurements = measurements or Measurements()
        self._tracing = tracing or Tracing()
        self._limits = settings.limits
        self._lease_ms = settings.lease_s * 1000
        self._stopping = asyncio.Event()
        # The bulk lane leaves some slots to what sweeps find.
        self._slots = {
            Lane.INTERACTIVE: settings.concurrency,
            Lane.BULK: max(1, settings.concurrency * 4 // 5),
        }
        self._busy: Counter[Lane] = Counter()
        self._deferred = DeferredCustomers(
            self._claim_next, self._start, self._free, leases, prefetch
        )
        self._woken: set[asyncio.TimerHandle] = set()
        self._spawned: set[asyncio.Task[None]] = set()
        self._works: set[asyncio.Task[None]] = set()
        self._told: set[str] = set()
        self._draw = random.Random()

    async def run(self) -> None:
        """Take up who waits, until cancelled."""
        await asyncio.gather(*(self._deferred.run(lane) for lane in Lane))

    def go_on(self) -> None:
        """The gate is open again: take up who waits."""
        for lane in Lane:
            self._deferred.wake(lane)

    def stop(self) -> None:
        """Begin nothing more; what is at Stripe is finished."""
        self._stopping.set()
        for timer in self._woken:
            timer.cancel()

    @property
    def spare(self) -> int:
        """How many more customers a sweep may take up, besides the lanes' own slots."""
        return self._settings.concurrency - len(self._spawned)

    async def drained(self) -> None:
        """Wait for what was spawned, and give back what is in hand."""
        deferred = self._deferred.leave()
        if deferred:
            try:
                await self._journal(renew([(customer, "") for customer in deferred], 0))
            except (JournalUnavailable, JournalFault) as error:
                log.warning("in hand, and taken over by others in a while: %s", error)
        while under_way := self._spawned | self._works:
            await asyncio.wait(under_way)

    async def on_command(self, command_id: str, queue: str, *, in_order: bool) -> ClaimStatus:
        """A message for the command arrived: do what may be done now, or let its customer wait.

        Where others wait already it goes behind them.

        Raises:
            Stopping: the worker stops; the message is for another.
            JournalFault: the journal cannot even be asked.
        """
        await self._same_journal()
        lane, holder, asked_at = lane_of(queue), uuid4().hex, clock()
        if in_order and self._deferred.holds(lane):
            (claimed,) = await self._ask(queue, [command_id], holder, most=0)
        else:
            call = claim(command_id, holder, self._lease_ms, in_order=in_order, limits=self._limits)
            claimed = await self._counted(queue, 1, call)
        if claimed.grant is not None:
            await self._work(claimed, asked_at, lane, NO_MESSAGE)
        elif claimed.deferred is not None:
            self._wait(claimed, NO_MESSAGE)
        return claimed.status

    async def on_commands(
        self, command_ids: Sequence[str], queue: str, message: Message
    ) -> list[ClaimStatus]:
        """As `on_command` for each; `message` is told of each. Returns when none is at Stripe.

        Raises:
            Stopping: the worker stops; the message is for another.
            JournalFault: the journal cannot even be asked.
        """
        await self._same_journal()
        lane, asked_at = lane_of(queue), clock()
        most = 0 if self._deferred.holds(lane) else self._free(lane)
        claim_results = await self._ask(queue, command_ids, uuid4().hex, most=most)
        works = []
        for claimed in claim_results:
            if claimed.grant is not None:
                works.append(asyncio.create_task(self._work(claimed, asked_at, lane, message)))
            elif claimed.deferred is not None:
                self._wait(claimed, message)
            elif claimed.status is not ClaimStatus.STOPPED:
                message.done()
        for told in await asyncio.gather(*works, return_exceptions=True):
            if isinstance(told, BaseException):
                raise told
        return [claimed.status for claimed in claim_results]

    async def _ask(
        self, queue: str, command_ids: Sequence[str], holder: str, *, most: int
    ) -> list[ClaimResult]:
        call = claim_many(command_ids, holder, self._lease_ms, limits=self._limits, most=most)
        return await self._counted(queue, len(command_ids), call)

    async def _counted(self, queue: str, commands: int, call: Call[T]) -> T:
        """Make the call, which tells of so many commands of the queue; the gate counts them."""
        self._prefetch.asked(queue, commands)
        try:
            return await self.persist(call)
        finally:
            self._prefetch.asked(queue, -commands)

    async def on_customer(self, customer: str) -> None:
        """Take up a customer that is due."""
        if self._is_paused:
            return
        asked_at = clock()
        call = claim_next(customer, uuid4().hex, self._lease_ms, limits=self._limits)
        claimed = await self._journal(call)
        if claimed.status is ClaimStatus.DAMAGED:
            self._tell_damaged(f"customer {customer}")
        await self._found(claimed, asked_at)

    async def on_lost_message(self, command_id: str) -> None:
        """Do what a message that went missing would have asked for."""
        if self._is_paused:
            return
        asked_at = clock()
        claimed = await self._journal(
            claim(command_id, uuid4().hex, self._lease_ms, in_order=False, limits=self._limits)
        )
        if claimed.grant is not None:
            log.warning("command %s had lost its message; it was found again", command_id)
        if claimed.status is ClaimStatus.DAMAGED:
            self._tell_damaged(f"command {command_id}")
        await self._found(claimed, asked_at)

    def _tell_damaged(self, whose: str) -> None:
        """Log it once: sweeps come by again and again."""
        if whose not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(whose)
            log.error("%s: what the journal holds is damaged; see `cards doctor`", whose)

    async def _found(self, claimed: ClaimResult, asked_at: float) -> None:
        if claimed.grant is not None:
            await self._work(claimed, asked_at, claimed.grant.lane, NO_MESSAGE)
        elif claimed.deferred is not None:
            self._wait(claimed, NO_MESSAGE)

    def _wait(self, claimed: ClaimResult, message: Message) -> None:
        assert claimed.deferred is not None
        self._deferred.add(claimed.deferred, message)

    async def _claim_next(self, customers: Sequence[str]) -> list[ClaimResult]:
        call = claim_next_many(customers, uuid4().hex, self._lease_ms, limits=self._limits)
        return await self._journal(call)

    def _start(self, claimed: ClaimResult, asked_at: float, lane: Lane, message: Message) -> None:
        self._run(self._work(claimed, asked_at, lane, message), self._works)

    def _free(self, lane: Lane) -> int:
        return 0 if self._is_paused else self._slots[lane] - self._busy[lane]

    @property
    def _is_paused(self) -> bool:
        """Whether nothing may be begun: the worker stops, or the journal was lost."""
        return self._stopping.is_set() or self._prefetch.closed

    async def _same_journal(self) -> None:
        """Return while the journal is the one of before; a message is held until then.

        Raises:
            Stopping: the worker stops.
        """
        while self._prefetch.closed:
            await self.pause(_LOOK_AGAIN_S)

    async def _work(
        self, claimed: ClaimResult, asked_at: float, lane: Lane, message: Message
    ) -> None:
        """Go on from grant to grant until nothing of the customer may go out now."""
        queue = lane.value
        if claimed.grant is not None:
            queue = claimed.grant.queue
            message.started(claimed.grant)
        self._busy[lane] += 1
        self._prefetch.command(queue, 1)
        try:
            claimed = await self._grants(claimed, asked_at)
        finally:
            self._busy[lane] -= 1
            self._prefetch.command(queue, -1)
            self._prefetch.ended(queue)
            self._deferred.wake(lane)
            message.done()
        if claimed.deferred is not None:
            self._wait(claimed, NO_MESSAGE)

    async def _grants(self, claimed: ClaimResult, asked_at: float) -> ClaimResult:
        while claimed.grant is not None:
            grant = claimed.grant
            lease = self._leases.hold(grant, asked_at)
            started_at = clock()
            use_reservation(grant, started_at)
            about(grant)
            if grant.attempt_number == 1:
                self._measurements.started(grant.lane, grant.waited_ms / 1000)
            with self._tracing.attempt(grant) as span:
                try:
                    outcome = await self._attempts.make(grant, lease)
                    asked_at = clock()
                    tried_s = asked_at - started_at
                    claimed = await self.persist(
                        complete(
                            grant,
                            outcome,
                            next_holder="" if self._is_paused else uuid4().hex,
                            lease_ms=self._lease_ms,
                            limits=self._limits,
                            request=last_request(),
                        )
                    )
                except LeaseLost:
                    log.warning("command %s: lease lost before sending", grant.command_id)
                    span.event("lease lost")
                    break
                finally:
                    self._leases.release(lease)
                if claimed.status is ClaimStatus.ABSENT:
                    _tell_absent(grant, outcome)
                    break
                if claimed.status is ClaimStatus.LOST:
                    span.event("taken over")
                    log.warning(
                        "command %s: taken over; its outcome here is dropped", grant.command_id
                    )
                    break
                self._tracing.closed(span, outcome)
            self._command_events.closed(grant, outcome, tried_s)
            if isinstance(outcome, Retry) and outcome.delay_ms <= _WAKE_MYSELF_S * 1000:
                self._wake(grant.customer, outcome.delay_ms / 1000)
        return claimed

    def _wake(self, customer: str, delay_s: float) -> None:
        loop = asyncio.get_running_loop()

        def woken() -> None:
            self._woken.discard(timer)
            self.spawn(self.on_customer(customer))

        timer = loop.call_later(delay_s, woken)
        self._woken.add(timer)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work that no message asked for; errors are logged, and the next sweep retries."""
        self._run(work, self._spawned)

    def _run(self, work: Coroutine[Any, Any, None], among: set[asyncio.Task[None]]) -> None:
        task = asyncio.get_running_loop().create_task(_guarded(work))
        among.add(task)
        task.add_done_callback(among.discard)

    async def persist(self, call: Call[T]) -> T:
        """Run the call until it is done: what is known must not be lost while Redis is away.

        Raises:
            Stopping: the worker stops before.
            JournalFault: it cannot be done, however often.
        """
        while True:
            try:
                return await self._journal(call)
            except JournalUnavailable as error:
                if self._stopping.is_set():
                    raise Stopping from error
                log.warning("waiting for Redis: %s", error)
                await self.pause(self._draw.uniform(0.1, 1.0))

    async def pause(self, seconds: float) -> None:
        """Wait, unless the worker stops.

        Raises:
            Stopping: it does.
        """
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return
        raise Stopping


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except (JournalUnavailable, Stopping) as error:
        log.warning("left to the next sweep: %s", error)
    except JournalFault as error:
        log.error("left to the next sweep: %s: %s", error, error.cause)
    except Exception:
        log.exception("left to the next sweep")


def _tell_absent(grant: Grant, outcome: End | Retry | ClaimingStopped) -> None:
    log.error(
        "command %s came to %s, which could not be written: the journal has nothing of it any "
        "more%s",
        grant.command_id,
        _name(outcome),
        " (or its migration had recorded it)" if grant.of_migration else "",
    )


def _name(outcome: End | Retry | ClaimingStopped) -> str:
    """What a try came to, in a word."""
    match outcome:
        case End():
            return outcome.state.value
        case Retry():
            return (State.UNKNOWN if outcome.uncertain else State.RETRYING).value
    return outcome.code


class _NoMessage:
    """The message is told nothing: it has one command."""

    def started(self, grant: Grant) -> None:
        """Nobody asks."""

    def done(self) -> None:
        """Nobody waits."""


NO_MESSAGE = _NoMessage()
