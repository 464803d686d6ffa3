"""Tells Flower of each command, as Celery task events of the command's id.

Celery's own events tell of messages; a command may begin under another command's message, and end
later. An end carries no customer data: the envelope is for the caller.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from contextlib import suppress
from typing import Any

from celery import Celery

from producer.contract import AssignCard, CommandKind, Envelope, SetDefaultCard, State
from producer.contract.redaction import redact
from producer.journal.messages import BATCH

log = logging.getLogger(__name__)


# More than wait here are dropped, as events may be.
_WAITING = 10_000
_PAUSE_S = 1.0


class TaskEvents:
    """Sends task events from a thread and a connection of its own.

    Publishing blocks, and for long while Redis is away: neither commands nor Celery's consumer may
    wait for it.
    """

    def __init__(self, app: Celery | None, hostname: str) -> None:
        """Without an app nothing is sent."""
        self._app = app
        self._hostname = hostname
        self._waiting: queue.Queue[tuple[str, dict[str, Any]] | None] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None

    def stop(self) -> None:
        """Send what waits, within a few seconds, and end the thread."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(3)

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
        if self._app is None:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="events", daemon=True)
            self._thread.start()
        with suppress(queue.Full):
            self._waiting.put_nowait((event, {"uuid": command_id, **fields}))

    def _run(self) -> None:
        assert self._app is not None
        while (first := self._waiting.get()) is not None:
            try:
                with self._app.connection_for_write() as connection:
                    dispatcher = self._app.events.Dispatcher(
                        connection, hostname=self._hostname, buffer_group=["task"]
                    )
                    self._send_from(dispatcher, first)
                return
            except Exception as error:
                log.debug("events not sent: %s", type(error).__name__)
                time.sleep(_PAUSE_S)

    def _send_from(self, dispatcher: Any, first: tuple[str, dict[str, Any]]) -> None:
        item: tuple[str, dict[str, Any]] | None = first
        while item is not None:
            event, fields = item
            dispatcher.send(event, **fields)  # gathers some two dozen before it sends
            if self._waiting.empty():
                dispatcher.flush()
            item = self._waiting.get()
