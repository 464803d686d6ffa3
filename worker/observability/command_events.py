"""Reports commands to the log and to Flower."""

from __future__ import annotations

import logging

from producer.contract import AssignCard, CommandKind, Envelope, SetDefaultCard, State
from producer.journal import ClaimingStopped, End, Grant, Retry
from producer.journal.commands.messages import BATCH
from worker.observability.task_events import TaskEvents

log = logging.getLogger(__name__)


class CommandEvents:
    """One log line for each completed attempt; task events for Flower.

    Flower sees a bulk message as one task.
    """

    def __init__(self, events: TaskEvents) -> None:
        self._events = events

    def refused(self, command_id: str, kind: CommandKind, envelope: Envelope) -> None:
        """A bare message failed validation."""
        log.info("%s %s rejected (%s)", kind, command_id, envelope.code)
        self._events.refused(command_id, kind, envelope)

    def started(self, grant: Grant, command: AssignCard | SetDefaultCard) -> None:
        """An attempt starts."""
        if grant.in_batch:
            return
        self._events.received(grant.command_id, command)
        self._events.started(grant.command_id)

    def completed(
        self, grant: Grant, outcome: End | Retry | ClaimingStopped, attempt_s: float
    ) -> None:
        """An attempt was completed, after so many seconds."""
        match outcome:
            case End():
                self._ended(grant, outcome, attempt_s)
            case Retry():
                state = State.UNKNOWN if outcome.uncertain else State.RETRYING
                log.info(
                    "%s %s of %s %s after attempt %d (%s), again in %d ms",
                    grant.row["kind"],
                    grant.command_id,
                    grant.customer,
                    state,
                    grant.attempt_number,
                    outcome.code,
                    outcome.delay_ms,
                    extra={
                        "state": state.value,
                        "code": outcome.code,
                        "seconds": round(attempt_s, 3),
                        "again_ms": outcome.delay_ms,
                    },
                )
                if not grant.in_batch:
                    self._events.retried(grant.command_id, f"{state}: {outcome.code}")
            case ClaimingStopped():
                log.critical(
                    "Stripe refuses our API key (%s): no command is claimed, none is lost; give "
                    "all workers a valid STRIPE_API_KEY and restart them; if Stripe accepts this "
                    "key again, they continue by themselves",
                    outcome.code,
                )

    def _ended(self, grant: Grant, end: End, attempt_s: float) -> None:
        log.info(
            "%s %s of %s %s, attempt %d%s",
            grant.row["kind"],
            grant.command_id,
            grant.customer,
            end.state,
            grant.attempt_number,
            f" ({end.envelope.code})" if end.envelope.code else "",
            extra={
                "state": end.state.value,
                "code": end.envelope.code,
                "seconds": round(attempt_s, 3),
            },
        )
        if not grant.in_batch:
            self._events.ended(grant.command_id, end.state, end.envelope, attempt_s)

    def bulk_message_started(self, message_id: str, size: int) -> None:
        """A bulk message arrived."""
        self._events.bulk_message_started(message_id, size)

    def bulk_message_ended(self, message_id: str, size: int, took_s: float) -> None:
        """Nothing more can be done now for any command of a bulk message."""
        log.info("%s %s: %d commands in %.1f s", BATCH, message_id, size, took_s)
        self._events.bulk_message_ended(message_id, size, took_s)
