"""What the log and Flower are told of commands."""

from __future__ import annotations

import logging

from producer.contract import AssignCard, CommandKind, Envelope, SetDefaultCard, State
from producer.journal import Again, End, Grant, KeyStopped
from worker.task_events import TaskEvents

log = logging.getLogger(__name__)


class Announcements:
    """One line in the log for each try that was closed, and task events for Flower."""

    def __init__(self, events: TaskEvents) -> None:
        self._events = events

    def refused(self, command_id: str, kind: CommandKind, envelope: Envelope) -> None:
        """A bare message failed validation."""
        log.info("%s %s rejected (%s)", kind, command_id, envelope.code)
        self._events.refused(command_id, kind, envelope)

    def begun(self, grant: Grant, command: AssignCard | SetDefaultCard) -> None:
        """A try begins."""
        self._events.received(grant.command_id, command)
        self._events.started(grant.command_id)

    def closed(self, grant: Grant, outcome: End | Again | KeyStopped, tried_s: float) -> None:
        """A try was closed, after so many seconds."""
        who = f"{grant.row['kind']} {grant.command_id} of {grant.customer}"
        match outcome:
            case End():
                envelope = Envelope.model_validate(outcome.envelope)
                why = f" ({envelope.code})" if envelope.code else ""
                log.info("%s %s, try %d%s", who, outcome.state, grant.tries, why)
                self._events.ended(grant.command_id, outcome.state, envelope, tried_s)
            case Again():
                state = State.UNKNOWN if outcome.uncertain else State.RETRYING
                log.info(
                    "%s %s after try %d (%s), again in %d ms",
                    who,
                    state,
                    grant.tries,
                    outcome.code,
                    outcome.delay_ms,
                )
                self._events.retried(grant.command_id, f"{state}: {outcome.code}")
            case KeyStopped():
                log.critical(
                    "Stripe refuses our API key (%s): nothing is taken, nothing is lost; "
                    "it goes on by itself when the key works again",
                    outcome.code,
                )
