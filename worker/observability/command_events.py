"""What the log and Flower are told of commands."""

from __future__ import annotations

import logging

from producer.contract import AssignCard, CommandKind, Envelope, SetDefaultCard, State
from producer.journal import ClaimingStopped, End, Grant, Retry
from producer.journal.commands.messages import BATCH
from worker.observability.task_events import TaskEvents

log = logging.getLogger(__name__)


class CommandEvents:
    """One line in the log for each try that was closed; task events for Flower.

    Flower sees a message of many commands as one task.
    """

    def __init__(self, events: TaskEvents) -> None:
        self._events = events

    def refused(self, command_id: str, kind: CommandKind, envelope: Envelope) -> None:
        """A bare message failed validation."""
        log.info("%s %s rejected (%s)", kind, command_id, envelope.code)
        self._events.refused(command_id, kind, envelope)

    def started(self, grant: Grant, command: AssignCard | SetDefaultCard) -> None:
        """A try begins."""
        if grant.in_batch:
            return
        self._events.received(grant.command_id, command)
        self._events.started(grant.command_id)

    def closed(self, grant: Grant, outcome: End | Retry | ClaimingStopped, tried_s: float) -> None:
        """A try was closed, after so many seconds."""
        match outcome:
            case End():
                self._ended(grant, outcome, tried_s)
            case Retry():
                state = State.UNKNOWN if outcome.uncertain else State.RETRYING
                log.info(
                    "%s %s of %s %s after try %d (%s), again in %d ms",
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
                        "seconds": round(tried_s, 3),
                        "again_ms": outcome.delay_ms,
                    },
                )
                if not grant.in_batch:
                    self._events.retried(grant.command_id, f"{state}: {outcome.code}")
            case ClaimingStopped():
                log.critical(
                    "Stripe refuses our API key (%s): nothing is taken, nothing is lost; give all "
                    "workers a valid STRIPE_API_KEY and restart them; if Stripe takes this key "
                    "again, they go on by themselves",
                    outcome.code,
                )

    def _ended(self, grant: Grant, end: End, tried_s: float) -> None:
        log.info(
            "%s %s of %s %s, try %d%s",
            grant.row["kind"],
            grant.command_id,
            grant.customer,
            end.state,
            grant.attempt_number,
            f" ({end.envelope.code})" if end.envelope.code else "",
            extra={
                "state": end.state.value,
                "code": end.envelope.code,
                "seconds": round(tried_s, 3),
            },
        )
        if not grant.in_batch:
            self._events.ended(grant.command_id, end.state, end.envelope, tried_s)

    def bulk_message_started(self, batch_id: str, size: int) -> None:
        """A message of many commands arrived."""
        self._events.bulk_message_started(batch_id, size)

    def bulk_message_ended(self, batch_id: str, size: int, took_s: float) -> None:
        """Every command of a message was carried out as far as it could be now."""
        log.info("%s %s: %d commands in %.1f s", BATCH, batch_id, size, took_s)
        self._events.bulk_message_ended(batch_id, size, took_s)
