"""Messages that a worker receives: what each asks for, and its way to the executor."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from producer.contract import (
    CommandKind,
    Envelope,
    Lane,
    Refusal,
    parse_command,
    parse_customer,
)
from producer.journal import ClaimStatus, JournalFault, accept, refuse
from producer.journal.commands.messages import BATCH
from producer.journal.commands.redeliveries import note_repeats
from producer.journal.operations.dead_letters import DeadReason, dead_letter, set_aside
from producer.journal.redis.queues import lane_of
from producer.security.command_signatures import Flaw
from worker.celery.prefetch import Prefetch
from worker.execution.bulk_message import BulkMessage
from worker.execution.executor import STOP_PAUSE_S, Executor
from worker.execution.outcomes import REFUSED_HTTP, Outcomes
from worker.messages.dead_letters import tell
from worker.messages.validation import is_batch
from worker.observability.command_events import CommandEvents
from worker.observability.tracing import Tracing
from worker.settings import WorkerSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that a worker received: what it asks for, and where it came from."""

    command_id: str
    kind: CommandKind
    fields: Mapping[str, Any]
    queue: str
    journalled: bool

    @property
    def lane(self) -> Lane:
        """The lane of its queue."""
        return lane_of(self.queue)


class MessageHandler:
    """One per process, on the process's loop."""

    def __init__(
        self,
        settings: WorkerSettings,
        executor: Executor,
        command_events: CommandEvents,
        outcomes: Outcomes,
        prefetch: Prefetch,
        tracing: Tracing | None = None,
    ) -> None:
        self._settings = settings
        self._executor = executor
        self._command_events = command_events
        self._outcomes = outcomes
        self._signing = settings.shared.signing
        self._prefetch = prefetch
        self._tracing = tracing or Tracing()

    async def on_message(self, delivery: Delivery) -> None:
        """Do what the message asks for, or leave it to the holder of the customer's lease.

        Raises:
            Stopping: the worker stops; the message is for another.
        """
        self._prefetch.message(delivery.lane, 1)
        try:
            if self._signing.required and not delivery.journalled:
                await self._refuse_unsigned(delivery)
                return
            while True:
                status = await self._executor.on_command(
                    delivery.command_id, delivery.queue, in_order=delivery.journalled
                )
                if status is ClaimStatus.STOPPED:
                    # The slot is kept on purpose: while Stripe refuses our key nothing is fetched.
                    await self._executor.pause(STOP_PAUSE_S)
                elif status is ClaimStatus.DAMAGED:
                    await self._set_aside(delivery.lane, _shown(delivery))
                    return
                elif status is not ClaimStatus.ABSENT or not await self._admit(delivery):
                    await self._note_repeats(delivery.lane, [status])
                    return
        except JournalFault:
            await self._set_aside(delivery.lane, _shown(delivery))
        finally:
            self._prefetch.message(delivery.lane, -1)

    async def on_bulk_message(self, batch_id: str, command_ids: Sequence[str], queue: str) -> None:
        """Do what a message of many commands asks for, each on its own.

        A slow one holds back neither the others nor their answers, only the message. Those that
        wait for a slot or for the rate limit do not even hold that.

        Raises:
            Stopping: the worker stops before all were taken up.
        """
        lane = lane_of(queue)
        if not is_batch(command_ids):
            shown = {"task": BATCH, "id": batch_id, "ids": command_ids}
            await self.set_aside(lane, DeadReason.WRONG_ARGUMENTS, shown)
            return
        batch = BulkMessage(batch_id, len(command_ids), lane, self._command_events, self._tracing)
        self._prefetch.message(lane, 1)
        try:
            waiting = list(command_ids)
            while waiting:
                statuses = await self._executor.on_commands(waiting, queue, batch)
                told = list(zip(waiting, statuses, strict=True))
                await self._note_repeats(lane, statuses)
                waiting = [ident for ident, status in told if status is ClaimStatus.STOPPED]
                for ident in (one for one, status in told if status is ClaimStatus.DAMAGED):
                    await self._set_aside(lane, {"task": BATCH, "id": ident})
                if waiting:
                    await self._executor.pause(STOP_PAUSE_S)
        except JournalFault:
            await self._set_aside(lane, {"task": BATCH, "id": batch_id})
        finally:
            self._prefetch.message(lane, -1)

    async def set_aside(self, lane: Lane, reason: DeadReason, shown: Mapping[str, Any]) -> None:
        """Set a message aside, of which this is shown."""
        text = json.dumps(shown, default=str)
        letter = dead_letter(lane.value, reason, text.encode())
        tell(letter)
        try:
            await self._executor.persist(set_aside(letter))
        except JournalFault as error:
            log.error("a dead letter could not be kept: %s", error)

    async def _set_aside(self, lane: Lane, shown: Mapping[str, Any]) -> None:
        """What the journal holds of it is damaged, so that it cannot be carried out."""
        await self.set_aside(lane, DeadReason.JOURNAL_FAULT, shown)

    async def _admit(self, delivery: Delivery) -> bool:
        """Journal a command that came as a bare message. False where it ended with that."""
        if delivery.journalled:
            log.warning("message for %s came after its status had expired", delivery.command_id)
            if self._signing.on:
                await self.set_aside(delivery.lane, DeadReason.ABSENT, _shown(delivery))
            return False
        persist, shared = self._executor.persist, self._settings.shared
        try:
            command = parse_command(delivery.kind, delivery.fields)
        except Refusal as refusal:
            envelope = Envelope.no(refusal.code, refusal.message(shared.language))
            await self._refuse(delivery, refusal.http_status, envelope)
            return False
        # Not signed: nobody here can say that it was ordered.
        await persist(
            accept(
                command, command_id=delivery.command_id, lane=delivery.lane, message_received=True
            )
        )
        return True

    async def _refuse(self, delivery: Delivery, http_status: int, envelope: Envelope) -> bool:
        """End a bare message's command; False where the journal has one of that id."""
        refused = await self._executor.persist(
            refuse(
                delivery.command_id,
                delivery.kind,
                _shown_customer(delivery.fields),
                delivery.lane,
                http_status=http_status,
                envelope=envelope,
                keep_s=self._settings.shared.status_ttl_s,
            )
        )
        if refused:
            self._command_events.refused(delivery.command_id, delivery.kind, envelope)
        return refused

    async def _refuse_unsigned(self, delivery: Delivery) -> None:
        envelope = self._outcomes.refusal(Flaw.MISSING)
        await self._refuse(delivery, REFUSED_HTTP, envelope)
        await self.set_aside(delivery.lane, DeadReason.UNSIGNED, _shown(delivery))

    async def _note_repeats(self, lane: Lane, statuses: Sequence[ClaimStatus]) -> None:
        """Count messages whose command had ended; without keys there is no reason to."""
        ended = statuses.count(ClaimStatus.ENDED)
        if ended and self._signing.on:
            with suppress(JournalFault):
                await self._executor.persist(note_repeats(lane, ended))


def _shown(delivery: Delivery) -> dict[str, Any]:
    fields = {} if delivery.journalled else {"kwargs": delivery.fields}
    return {"task": delivery.kind.value, "id": delivery.command_id, **fields}


def _shown_customer(fields: Mapping[str, Any]) -> str:
    """The customer of a refused message, if it is one: nothing else of it is stored."""
    try:
        return parse_customer(fields.get("userId"))
    except Refusal:
        return ""
