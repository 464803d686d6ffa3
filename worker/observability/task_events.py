"""Reports each command to Flower, as Celery task events with the command's id.

Celery's own events report messages; a command may start under another command's message, and end
later. An end event carries no customer data: the envelope is for the caller.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any

from celery.utils.time import utcoffset

from producer.contract import AssignCard, CommandKind, Envelope, SetDefaultCard, State
from producer.contract.card_data.masking import masked
from producer.journal import Journal, JournalFault, JournalUnavailable
from producer.journal.commands.messages import BATCH
from producer.journal.commands.task_events import publish_events

# Beyond this many waiting, events are dropped: nothing depends on them.
_MAX_WAITING = 10_000
# Events of this time are sent together, in the journal's next round trip.
_COLLECT_S = 0.05


class TaskEvents:
    """Sends task events with the journal's calls; drops those that cannot be sent."""

    def __init__(
        self, journal: Journal | None, database: int, hostname: str, tick: Callable[[], int]
    ) -> None:
        """Without a journal nothing is sent. `tick` is Celery's logical clock."""
        self._journal = journal
        self._database = database
        self._hostname = hostname
        self._tick = tick
        self._waiting: list[dict[str, Any]] = []
        self._sending: asyncio.Task[None] | None = None

    async def stop(self) -> None:
        """Send waiting events."""
        if self._sending is not None:
            await self._sending

    def received(self, command_id: str, command: AssignCard | SetDefaultCard) -> None:
        """A worker received the command."""
        shown = masked(repr(command.kwargs()))
        self._send("task-received", command_id, name=command.kind.value, args="()", kwargs=shown)

    def refused(self, command_id: str, kind: CommandKind, envelope: Envelope) -> None:
        """A message failed validation; nothing of its content is shown."""
        self._send("task-received", command_id, name=kind.value, args="()", kwargs="{...}")
        self.ended(command_id, State.REJECTED, envelope)

    def started(self, command_id: str) -> None:
        """An attempt starts."""
        self._send("task-started", command_id)

    def retried(self, command_id: str, why: str) -> None:
        """The command will be retried."""
        self._send("task-retried", command_id, exception=why, traceback="")

    def bulk_message_started(self, message_id: str, size: int) -> None:
        """A worker received a bulk message."""
        shown = f"{{'ids': [{size} commands]}}"
        self._send("task-received", message_id, name=BATCH, args="()", kwargs=shown)
        self._send("task-started", message_id)

    def bulk_message_ended(self, message_id: str, size: int, took_s: float) -> None:
        """The bulk message is done."""
        self._send("task-succeeded", message_id, result=f"{size} commands", runtime=took_s)

    def ended(
        self,
        command_id: str,
        state: State,
        envelope: Envelope | None = None,
        runtime_s: float | None = None,
    ) -> None:
        """The command has ended."""
        text = str(state)
        if envelope is not None and envelope.code:
            text = f"{state}: {envelope.code}: {envelope.message}"
        match state:
            case State.SUCCEEDED:
                self._send("task-succeeded", command_id, result=text, runtime=runtime_s)
            case State.SUPERSEDED | State.CANCELLED:
                self._send("task-revoked", command_id, terminated=False, signum=None, expired=False)
            case _:
                self._send("task-failed", command_id, exception=text, traceback="")

    def _send(self, event: str, command_id: str, **fields: Any) -> None:
        if self._journal is None or len(self._waiting) >= _MAX_WAITING:
            return
        self._waiting.append(
            {
                "type": event,
                "uuid": command_id,
                "hostname": self._hostname,
                "utcoffset": utcoffset(),
                "pid": os.getpid(),
                "clock": self._tick(),
                "timestamp": time.time(),
                **fields,
            }
        )
        if self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._run(self._journal))

    async def _run(self, journal: Journal) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(_COLLECT_S)
                events, self._waiting = self._waiting, []
                await journal(publish_events(events, self._hostname, self._database))
        except (JournalUnavailable, JournalFault):
            pass
        finally:
            self._sending = None
