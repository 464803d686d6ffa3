"""Tells Flower of each command, as Celery task events of the command's id.

Celery's own events tell of messages; a command may begin under another command's message, and end
later. An end carries no customer data: the envelope is for the caller.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from celery import Celery

from producer.contract import AssignCard, CommandKind, Envelope, SetDefaultCard, State
from producer.contract.redaction import redact
from producer.journal.messages import BATCH

log = logging.getLogger(__name__)


class TaskEvents:
    """Sends task events by the consumer's dispatcher, which gathers and sends them together."""

    def __init__(
        self, app: Celery | None, hostname: str, consumer: Callable[[], Any] = lambda: None
    ) -> None:
        """Without an app nothing is sent. A prefork child has no consumer, and sends each alone."""
        self._app = app
        self._hostname = hostname
        self._consumer = consumer

    def received(self, command_id: str, command: AssignCard | SetDefaultCard) -> None:
        """Tell that a worker knows of the command."""
        shown = redact(repr(command.kwargs()))
        self._send("task-received", command_id, name=command.kind.value, args="()", kwargs=shown)

    def refused(self, command_id: str, kind: CommandKind, envelope: Envelope) -> None:
        """Tell of a message that failed validation, nothing of what it held being shown."""
        self._send("task-received", command_id, name=kind.value, args="()", kwargs="{...}")
        self.ended(command_id, State.REJECTED, envelope)

    def started(self, command_id: str) -> None:
        """Tell that a try begins."""
        self._send("task-started", command_id)

    def retried(self, command_id: str, why: str) -> None:
        """Tell that the command will be tried again."""
        self._send("task-retried", command_id, exception=why, traceback="")

    def batch_begun(self, batch_id: str, size: int) -> None:
        """Tell that a worker has a message of many commands."""
        shown = f"{{'ids': [{size} commands]}}"
        self._send("task-received", batch_id, name=BATCH, args="()", kwargs=shown)
        self._send("task-started", batch_id)

    def batch_ended(self, batch_id: str, size: int, took_s: float) -> None:
        """Tell that the message is done with."""
        self._send("task-succeeded", batch_id, result=f"{size} commands", runtime=took_s)

    def ended(
        self,
        command_id: str,
        state: State,
        envelope: Envelope | None = None,
        runtime_s: float | None = None,
    ) -> None:
        """Tell that the command has ended. Events may be lost; nothing depends on them."""
        told = str(state)
        if envelope is not None and envelope.code:
            told = f"{state}: {envelope.code}: {envelope.message}"
        match state:
            case State.SUCCEEDED:
                self._send("task-succeeded", command_id, result=told, runtime=runtime_s)
            case State.SUPERSEDED | State.CANCELLED:
                self._send("task-revoked", command_id, terminated=False, signum=None, expired=False)
            case _:
                self._send("task-failed", command_id, exception=told, traceback="")

    def _send(self, event: str, command_id: str, **fields: Any) -> None:
        try:
            dispatcher = getattr(self._consumer(), "event_dispatcher", None)
            if dispatcher is not None:
                dispatcher.send(event, uuid=command_id, **fields)
            elif self._app is not None:
                with self._app.events.default_dispatcher(hostname=self._hostname) as alone:
                    alone.send(event, uuid=command_id, **fields)
        except Exception as error:
            log.debug("event of %s not sent: %s", command_id, type(error).__name__)
