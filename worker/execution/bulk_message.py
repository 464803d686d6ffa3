"""A message of many commands (`CardCommands`): unpacked here, done once every command is."""

from __future__ import annotations

from collections.abc import Sequence

from producer.contract import Lane
from producer.journal import ClaimStatus, Grant, JournalFault
from producer.journal.commands.messages import BATCH
from producer.journal.operations.dead_letters import DeadReason
from producer.journal.redis.queues import lane_of
from worker.celery.prefetch import Prefetch
from worker.clock import clock
from worker.execution.executor import STOP_PAUSE_S, Executor
from worker.execution.message_handler import MessageHandler
from worker.messages.validation import is_batch
from worker.observability.command_events import CommandEvents
from worker.observability.tracing import Tracing


class BulkMessage:
    """Counts its commands (`MessageProgress`); logs and traces the message as a whole."""

    def __init__(
        self,
        message_id: str,
        size: int,
        lane: Lane,
        command_events: CommandEvents,
        tracing: Tracing,
    ) -> None:
        self._id, self._size, self._left = message_id, size, size
        self._command_events = command_events
        self._started_at = clock()
        self._span = tracing.batch(message_id, size, lane.value)
        command_events.bulk_message_started(message_id, size)

    def started(self, grant: Grant) -> None:
        """An attempt of a command starts."""
        self._span.link(grant.trace)

    def done(self) -> None:
        """Nothing more can be done for one of the commands now."""
        self._left -= 1
        if self._left == 0:
            took_s = clock() - self._started_at
            self._command_events.bulk_message_ended(self._id, self._size, took_s)
            self._span.end()


class BulkMessageHandler:
    """Gives the executor each command of a bulk message. One per process, on its loop."""

    def __init__(
        self,
        executor: Executor,
        message_handler: MessageHandler,
        command_events: CommandEvents,
        prefetch: Prefetch,
        tracing: Tracing | None = None,
    ) -> None:
        """`message_handler` dead-letters what cannot be executed, and counts redeliveries."""
        self._executor = executor
        self._message_handler = message_handler
        self._command_events = command_events
        self._prefetch = prefetch
        self._tracing = tracing or Tracing()

    async def on_bulk_message(
        self, message_id: str, command_ids: Sequence[str], queue: str
    ) -> None:
        """Execute the commands, each on its own.

        A slow command holds back neither the others nor their answers, only the message. Commands
        that wait for a slot or for the rate limit do not hold back even that.

        Raises:
            Stopping: the worker stops before all commands were claimed.
        """
        lane, handler = lane_of(queue), self._message_handler
        if not is_batch(command_ids):
            shown = {"task": BATCH, "id": message_id, "ids": command_ids}
            await handler.dead_letter(lane, DeadReason.WRONG_ARGUMENTS, shown)
            return
        message = BulkMessage(
            message_id, len(command_ids), lane, self._command_events, self._tracing
        )
        self._prefetch.message(lane, 1)
        try:
            waiting = list(command_ids)
            while waiting:
                statuses = await self._executor.on_commands(waiting, queue, message)
                by_command = list(zip(waiting, statuses, strict=True))
                await handler.count_redeliveries(lane, statuses)
                waiting = [id for id, status in by_command if status is ClaimStatus.STOPPED]
                for id, status in by_command:
                    if status is ClaimStatus.DAMAGED:
                        await self._dead_letter_damaged(lane, id)
                if waiting:
                    await self._executor.pause(STOP_PAUSE_S)
        except JournalFault:
            await self._dead_letter_damaged(lane, message_id)
        finally:
            self._prefetch.message(lane, -1)

    async def _dead_letter_damaged(self, lane: Lane, id: str) -> None:
        shown = {"task": BATCH, "id": id}
        await self._message_handler.dead_letter(lane, DeadReason.JOURNAL_FAULT, shown)
