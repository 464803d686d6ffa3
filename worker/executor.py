"""Carries out a customer's commands, one after the other, under the customer's lease."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import uuid4

from producer.contract import (
    CommandKind,
    Envelope,
    Lane,
    Refusal,
    State,
    parse_command,
    parse_customer,
)
from producer.journal import (
    Again,
    End,
    Grant,
    Journal,
    JournalUnavailable,
    KeyStopped,
    Taken,
    TakenAs,
    accept,
    close,
    refuse,
    resume,
    take,
)
from producer.journal.calls import Call
from worker.announcements import Announcements
from worker.attempt import Attempt, LeaseLost
from worker.handler_set import HandlerSet
from worker.leases import Lease, LeaseKeeper, clock
from worker.outcomes import Outcomes
from worker.quarantine import PoisonError, Quarantine
from worker.settings import WorkerSettings
from worker.verdicts import Succeeded, TryAgain, Verdict

log = logging.getLogger(__name__)
T = TypeVar("T")

# A retry due this soon is woken by the worker that closed the try, others by the next sweep.
_WAKE_MYSELF_S = 3.0
# Leases lost in the middle of a try before the command is tried in a process of its own.
_STRIKES_IN_PROCESS = 2
_STOP_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message that a worker received: what it asks for, and where it came from."""

    command_id: str
    kind: CommandKind
    fields: Mapping[str, Any]
    lane: Lane
    journalled: bool


class Stopping(Exception):
    """The worker stops before it could find out what to do with the message."""


class Executor:
    """One per process, on the process's loop."""

    def __init__(
        self,
        settings: WorkerSettings,
        journal: Journal,
        handlers: HandlerSet,
        leases: LeaseKeeper,
        quarantine: Quarantine,
        announcements: Announcements,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._handlers = handlers
        self._leases = leases
        self._quarantine = quarantine
        self._announcements = announcements
        self._outcomes = Outcomes(settings.shared.language, settings.shared.status_ttl_s)
        self._lease_ms = settings.lease_s * 1000
        self._stopping = asyncio.Event()
        # The rest is left for messages of one command, so that a batch does not fill the worker.
        self._batch_slots = asyncio.Semaphore(max(1, settings.concurrency * 4 // 5))
        self._woken: set[asyncio.TimerHandle] = set()
        self._spawned: set[asyncio.Task[None]] = set()
        self._draw = random.Random()

    def stop(self) -> None:
        """Begin nothing more; what is at Stripe is finished."""
        self._stopping.set()
        for timer in self._woken:
            timer.cancel()

    @property
    def spare(self) -> int:
        """How many more customers may be taken up besides the messages' own slots."""
        return self._settings.concurrency - len(self._spawned)

    async def drained(self) -> None:
        """Wait for what was spawned."""
        while self._spawned:
            await asyncio.wait(self._spawned)

    async def on_message(self, arrived: Arrived) -> None:
        """Do what the message asks for, or leave it to the holder of the customer's lease.

        Raises:
            Stopping: the worker stops; the message is for another.
        """
        holder = uuid4().hex
        while True:
            asked_at = clock()
            taken = await self._persist(
                take(arrived.command_id, holder, self._lease_ms, in_order=arrived.journalled)
            )
            if taken.how is TakenAs.ABSENT:
                if not await self._admit(arrived):
                    return
            elif taken.how is TakenAs.STOPPED:
                # The slot is kept on purpose: while Stripe refuses our key nothing is fetched.
                await self._pause(_STOP_PAUSE_S)
            else:
                await self._work(taken, asked_at)
                return

    async def on_batch(self, batch_id: str, command_ids: Sequence[str], lane: Lane) -> None:
        """Do what a message of many commands asks for, each on its own.

        A slow one holds back neither the others nor their answers, only the message.

        Raises:
            Stopping: the worker stops before all were taken up.
        """
        begun_at = clock()
        self._announcements.batch_begun(batch_id, len(command_ids))
        told = await asyncio.gather(
            *(self._in_batch(command_id, lane) for command_id in command_ids),
            return_exceptions=True,
        )
        for error in told:
            if isinstance(error, BaseException):
                raise error
        self._announcements.batch_ended(batch_id, len(command_ids), clock() - begun_at)

    async def _in_batch(self, command_id: str, lane: Lane) -> None:
        async with self._batch_slots:
            await self.on_message(
                Arrived(command_id, CommandKind.ASSIGN_CARD, {}, lane, journalled=True)
            )

    async def on_customer(self, customer: str) -> None:
        """Take up a customer that is due."""
        if self._stopping.is_set():
            return
        asked_at = clock()
        taken = await self._journal(resume(customer, uuid4().hex, self._lease_ms))
        await self._work(taken, asked_at)

    async def on_lost_message(self, command_id: str) -> None:
        """Do what a message that went missing would have asked for."""
        if self._stopping.is_set():
            return
        asked_at = clock()
        taken = await self._journal(take(command_id, uuid4().hex, self._lease_ms, in_order=False))
        if taken.how is TakenAs.GRANTED:
            log.warning("command %s had lost its message; it was found again", command_id)
        await self._work(taken, asked_at)

    async def _admit(self, arrived: Arrived) -> bool:
        """Journal a command that came as a bare message. False where it ended with that."""
        if arrived.journalled:
            log.warning("message for %s came after its status had expired", arrived.command_id)
            return False
        try:
            command = parse_command(arrived.kind, arrived.fields)
        except Refusal as refusal:
            envelope = Envelope.no(refusal.code, refusal.message(self._settings.shared.language))
            await self._persist(
                refuse(
                    arrived.command_id,
                    arrived.kind,
                    _shown_customer(arrived.fields),
                    arrived.lane,
                    http_status=refusal.http_status,
                    envelope=envelope,
                    keep_s=self._settings.shared.status_ttl_s,
                )
            )
            self._announcements.refused(arrived.command_id, arrived.kind, envelope)
            return False
        await self._persist(
            accept(command, command_id=arrived.command_id, lane=arrived.lane, in_hand=True)
        )
        return True

    async def _work(self, taken: Taken, asked_at: float) -> None:
        """Go on from grant to grant until nothing of the customer may go out now."""
        while taken.grant is not None:
            grant = taken.grant
            lease = self._leases.hold(grant, asked_at)
            begun_at = clock()
            try:
                outcome = await self._try(grant, lease)
                asked_at = clock()
                tried_s = asked_at - begun_at
                holder = "" if self._stopping.is_set() else uuid4().hex
                closing = close(grant, outcome, next_holder=holder, lease_ms=self._lease_ms)
                taken = await self._persist(closing)
            except LeaseLost:
                log.warning("command %s: lease lost before sending", grant.command_id)
                return
            finally:
                self._leases.release(lease)
            if taken.how is TakenAs.LOST:
                log.warning("command %s: taken over; its outcome here is dropped", grant.command_id)
                return
            self._announcements.closed(grant, outcome, tried_s)
            if isinstance(outcome, Again) and outcome.delay_ms <= _WAKE_MYSELF_S * 1000:
                self._wake(grant.customer, outcome.delay_ms / 1000)

    async def _try(self, grant: Grant, lease: Lease) -> End | Again | KeyStopped:
        command = grant.command
        self._announcements.begun(grant, command)
        attempt = Attempt(
            command=command,
            command_id=grant.command_id,
            key=grant.key,
            number=grant.tries,
            unsettled=grant.unsettled,
            may_send=grant.may_send,
            look_up_first=grant.look_up_first,
            held=lease.held,
        )
        try:
            verdict = await self._carry_out(grant, attempt, lease)
        except LeaseLost:
            raise
        except PoisonError:
            log.exception("command %s killed its process three times", grant.command_id)
            outcome: End | Again | KeyStopped = self._outcomes.poison()
        except Exception as error:
            log.exception("command %s: its handler raised", grant.command_id)
            outcome = self._outcomes.fault(grant, error)
        else:
            outcome = self._outcomes.of(grant, verdict)
            if isinstance(verdict, TryAgain) and not verdict.uncertain:
                return outcome
        if isinstance(outcome, End) and outcome.state is State.FAILED:
            return await self._last_look(grant, attempt, lease) or outcome
        return outcome

    async def _last_look(self, grant: Grant, attempt: Attempt, lease: Lease) -> End | None:
        """Before giving up, whether it happened after all: an end to tell instead, if it did."""
        try:
            found = await self._carry_out(grant, replace(attempt, may_send=False), lease)
        except LeaseLost:
            raise
        except Exception:
            log.warning("command %s: it could not be looked up either", grant.command_id)
            return None
        if not isinstance(found, Succeeded):
            return None
        outcome = self._outcomes.of(grant, found)
        return outcome if isinstance(outcome, End) else None

    async def _carry_out(self, grant: Grant, attempt: Attempt, lease: Lease) -> Verdict:
        if grant.strikes >= _STRIKES_IN_PROCESS:
            return await self._quarantine.carry_out(attempt, lease.left)
        return await self._handlers[attempt.command.kind].carry_out(attempt)

    def _wake(self, customer: str, delay_s: float) -> None:
        loop = asyncio.get_running_loop()

        def woken() -> None:
            self._woken.discard(timer)
            self.spawn(self.on_customer(customer))

        timer = loop.call_later(delay_s, woken)
        self._woken.add(timer)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work that no message asked for; errors are logged, and the next sweep retries."""
        task = asyncio.get_running_loop().create_task(_guarded(work))
        self._spawned.add(task)
        task.add_done_callback(self._spawned.discard)

    async def _persist(self, call: Call[T]) -> T:
        """Run the call until it is done: what is known must not be lost while Redis is away."""
        tries = 0
        while True:
            try:
                return await self._journal(call)
            except JournalUnavailable as error:
                if self._stopping.is_set():
                    raise Stopping from error
                tries += 1
                log.warning("waiting for Redis (%s), %d", error, tries)
                await self._pause(self._draw.uniform(0.1, 1.0))

    async def _pause(self, seconds: float) -> None:
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
    except Exception:
        log.exception("left to the next sweep")


def _shown_customer(fields: Mapping[str, Any]) -> str:
    """The customer of a refused message, if it is one: nothing else of it is stored."""
    try:
        return parse_customer(fields.get("userId"))
    except Refusal:
        return ""
