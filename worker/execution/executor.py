"""What a worker executes: commands of messages, customers that are due, commands found again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from producer.contract import Lane
from producer.journal import (
    Call,
    ClaimResult,
    ClaimStatus,
    Journal,
    JournalFault,
    JournalUnavailable,
    renew,
)
from producer.journal.redis.queues import lane_of
from worker.celery.queue_selection import Prefetch
from worker.clock import clock
from worker.execution.attempt_runner import AttemptRunner
from worker.execution.background_tasks import BackgroundTasks
from worker.execution.claimer import Claimer
from worker.execution.customer_loop import CustomerLoop
from worker.execution.deferred import DeferredCustomers
from worker.execution.leases import LeaseKeeper
from worker.execution.message_progress import NO_PROGRESS, MessageProgress
from worker.execution.shutdown import Shutdown
from worker.execution.slots import Slots
from worker.observability.command_events import CommandEvents
from worker.observability.measurements import Measurements
from worker.observability.tracing import Tracing
from worker.settings import WorkerSettings

log = logging.getLogger(__name__)
T = TypeVar("T")

STOP_PAUSE_S = 1.0
"""How long a message is held before it is claimed again while claiming is stopped."""
# So many customers and commands with damaged data are logged.
_MAX_DAMAGED_LOGGED = 1000


class Executor:
    """One per process, on the process's loop. Message handler, sweeper and timers give it work."""

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
        self._concurrency = settings.concurrency
        self._journal = journal
        self._shutdown = Shutdown()
        self._slots = Slots(settings.concurrency, prefetch, self._shutdown)
        self._claimer = Claimer(settings, journal, prefetch, self._shutdown)
        self._deferred = DeferredCustomers(
            self._claimer.next_of_many, self._start, self._slots.free, leases, prefetch
        )
        self._customers = CustomerLoop(
            self._claimer,
            attempts,
            leases,
            self._deferred,
            self._slots,
            prefetch,
            self._retry_after,
            command_events,
            measurements or Measurements(),
            tracing or Tracing(),
        )
        self._spawned = BackgroundTasks()
        self._of_deferred = BackgroundTasks()
        self._damaged: set[str] = set()

    async def run(self) -> None:
        """Work on deferred customers, until cancelled."""
        await asyncio.gather(*(self._deferred.run(lane) for lane in Lane))

    def wake_deferred(self) -> None:
        """The journal is available again: work on deferred customers."""
        for lane in Lane:
            self._deferred.wake(lane)

    def stop(self) -> None:
        """Start nothing more; requests at Stripe are finished."""
        self._shutdown.request()
        self._spawned.cancel_timers()

    @property
    def spare(self) -> int:
        """How many more customers a sweep may add, besides the lanes' own slots."""
        return self._concurrency - len(self._spawned.running)

    async def drained(self) -> None:
        """Release deferred customers, and wait for running work."""
        deferred = self._deferred.remove_all()
        if deferred:
            try:
                await self._journal(renew([(customer, "") for customer in deferred], 0))
            except (JournalUnavailable, JournalFault) as error:
                log.warning("deferred customers not released, others take over later: %s", error)
        while running := self._spawned.running | self._of_deferred.running:
            await asyncio.wait(running)

    async def on_command(self, command_id: str, queue: str, *, in_order: bool) -> ClaimStatus:
        """A message for the command arrived: execute what may start now, or defer the customer.

        Where customers of the lane are deferred already, this one goes behind them.

        Raises:
            Stopping: the worker stops; the message is for another.
            JournalFault: the journal cannot process the claim.
        """
        await self._slots.journal_available()
        lane, asked_at = lane_of(queue), clock()
        if in_order and self._deferred.holds(lane):
            (claimed,) = await self._claimer.commands([command_id], queue, most=0)
        else:
            claimed = await self._claimer.command(command_id, queue, in_order=in_order)
        await self._work_or_defer(claimed, asked_at, lane)
        return claimed.status

    async def on_commands(
        self, command_ids: Sequence[str], queue: str, progress: MessageProgress
    ) -> list[ClaimStatus]:
        """As `on_command`, for each; `progress` is notified. Returns when none is at Stripe.

        Raises:
            Stopping: the worker stops; the message is for another.
            JournalFault: the journal cannot process the claim.
        """
        await self._slots.journal_available()
        lane, asked_at = lane_of(queue), clock()
        most = 0 if self._deferred.holds(lane) else self._slots.free(lane)
        claim_results = await self._claimer.commands(command_ids, queue, most=most)
        tasks = []
        for claimed in claim_results:
            if claimed.grant is not None:
                work = self._customers.run(claimed, asked_at, lane, progress)
                tasks.append(asyncio.create_task(work))
            elif claimed.deferred is not None:
                self._deferred.add(claimed.deferred, progress)
            elif claimed.status is not ClaimStatus.STOPPED:
                progress.done()
        for error in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(error, BaseException):
                raise error
        return [claimed.status for claimed in claim_results]

    async def on_customer(self, customer: str) -> None:
        """Execute the next command of a customer that is due."""
        if self._slots.paused:
            return
        asked_at = clock()
        claimed = await self._claimer.next_of(customer)
        if claimed.status is ClaimStatus.DAMAGED:
            self._log_damaged(f"customer {customer}")
        await self._work_or_defer(claimed, asked_at)

    async def on_lost_message(self, command_id: str) -> None:
        """Execute a command whose message went missing."""
        if self._slots.paused:
            return
        asked_at = clock()
        claimed = await self._claimer.lost_command(command_id)
        if claimed.grant is not None:
            log.warning("command %s had lost its message; it was found again", command_id)
        if claimed.status is ClaimStatus.DAMAGED:
            self._log_damaged(f"command {command_id}")
        await self._work_or_defer(claimed, asked_at)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work that no message asked for; errors are logged, and the next sweep retries."""
        self._spawned.spawn(work)

    async def persist(self, call: Call[T]) -> T:
        """Repeat the call until Redis answers.

        Raises:
            Stopping: the worker stops before.
            JournalFault: the journal cannot process the call, however often.
        """
        return await self._claimer.persist(call)

    async def pause(self, seconds: float) -> None:
        """Wait, unless the worker stops.

        Raises:
            Stopping: the worker stops.
        """
        await self._shutdown.pause(seconds)

    async def _work_or_defer(
        self, claimed: ClaimResult, asked_at: float, lane: Lane | None = None
    ) -> None:
        if claimed.grant is not None:
            lane = lane or claimed.grant.lane
            await self._customers.run(claimed, asked_at, lane, NO_PROGRESS)
        elif claimed.deferred is not None:
            self._deferred.add(claimed.deferred, NO_PROGRESS)

    def _start(
        self, claimed: ClaimResult, asked_at: float, lane: Lane, progress: MessageProgress
    ) -> None:
        self._of_deferred.spawn(self._customers.run(claimed, asked_at, lane, progress))

    def _retry_after(self, customer: str, delay_s: float) -> None:
        self._spawned.spawn_after(delay_s, lambda: self.on_customer(customer))

    def _log_damaged(self, subject: str) -> None:
        """Log it once: every sweep finds it again."""
        if subject not in self._damaged and len(self._damaged) < _MAX_DAMAGED_LOGGED:
            self._damaged.add(subject)
            log.error("%s: its data in the journal are damaged; see `cards doctor`", subject)
