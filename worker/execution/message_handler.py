"""Messages of one command that a worker receives, on their way to the executor."""

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
from producer.journal.commands.redeliveries import note_repeats
from producer.journal.operations.dead_letters import DeadReason, dead_letter, set_aside
from producer.journal.redis.queues import lane_of
from producer.security.command_signatures import Flaw
from worker.celery.prefetch import Prefetch
from worker.execution.executor import STOP_PAUSE_S, Executor
from worker.execution.outcomes import REFUSED_HTTP, Outcomes
from worker.messages.dead_letters import log_dead_letter
from worker.observability.command_events import CommandEvents
from worker.settings import WorkerSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that a worker received: its command, and the queue that delivered it."""

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
    ) -> None:
        self._settings = settings
        self._executor = executor
        self._command_events = command_events
        self._outcomes = outcomes
        self._signing = settings.shared.signing
        self._prefetch = prefetch

    async def on_message(self, delivery: Delivery) -> None:
        """Execute the message's command, or leave it to the holder of the customer's lease.

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
                    # The slot stays occupied on purpose: while Stripe refuses our key nothing more
                    # is fetched.
                    await self._executor.pause(STOP_PAUSE_S)
                elif status is ClaimStatus.DAMAGED:
                    await self._dead_letter_damaged(delivery)
                    return
                elif status is not ClaimStatus.ABSENT or not await self._admit(delivery):
                    await self.count_redeliveries(delivery.lane, [status])
                    return
        except JournalFault:
            await self._dead_letter_damaged(delivery)
        finally:
            self._prefetch.message(delivery.lane, -1)

    async def dead_letter(self, lane: Lane, reason: DeadReason, shown: Mapping[str, Any]) -> None:
        """Move a message to the dead letters, which show `shown` of it."""
        text = json.dumps(shown, default=str)
        letter = dead_letter(lane.value, reason, text.encode())
        log_dead_letter(letter)
        try:
            await self._executor.persist(set_aside(letter))
        except JournalFault as error:
            log.error("a dead letter could not be stored: %s", error)

    async def count_redeliveries(self, lane: Lane, statuses: Sequence[ClaimStatus]) -> None:
        """Count messages whose command had ended; without signing keys nobody needs the count."""
        ended = statuses.count(ClaimStatus.ENDED)
        if ended and self._signing.on:
            with suppress(JournalFault):
                await self._executor.persist(note_repeats(lane, ended))

    async def _dead_letter_damaged(self, delivery: Delivery) -> None:
        """The command's data in the journal are damaged, so that it cannot be executed."""
        await self.dead_letter(delivery.lane, DeadReason.JOURNAL_FAULT, _shown(delivery))

    async def _admit(self, delivery: Delivery) -> bool:
        """Journal the command of a bare message. False if the message is done with that."""
        if delivery.journalled:
            log.warning("message for %s arrived after its status expired", delivery.command_id)
            if self._signing.on:
                await self.dead_letter(delivery.lane, DeadReason.ABSENT, _shown(delivery))
            return False
        persist, shared = self._executor.persist, self._settings.shared
        try:
            command = parse_command(delivery.kind, delivery.fields)
        except Refusal as refusal:
            envelope = Envelope.no(refusal.code, refusal.message(shared.language))
            await self._refuse(delivery, refusal.http_status, envelope)
            return False
        # The row stays unsigned: the worker cannot verify who ordered the command.
        await persist(
            accept(
                command, command_id=delivery.command_id, lane=delivery.lane, message_received=True
            )
        )
        return True

    async def _refuse(self, delivery: Delivery, http_status: int, envelope: Envelope) -> bool:
        """End the command of a bare message; False if the journal has a command of that id."""
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
        await self.dead_letter(delivery.lane, DeadReason.UNSIGNED, _shown(delivery))


def _shown(delivery: Delivery) -> dict[str, Any]:
    fields = {} if delivery.journalled else {"kwargs": delivery.fields}
    return {"task": delivery.kind.value, "id": delivery.command_id, **fields}


def _shown_customer(fields: Mapping[str, Any]) -> str:
    """The customer of a refused message, or "" if invalid: nothing else of it is stored."""
    try:
        return parse_customer(fields.get("userId"))
    except Refusal:
        return ""
