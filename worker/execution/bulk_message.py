"""A message of many commands, until each was carried out as far as it could be."""

from __future__ import annotations

from producer.contract import Lane
from producer.journal import Grant
from worker.clock import clock
from worker.observability.command_events import CommandEvents
from worker.observability.tracing import Tracing


class BulkMessage:
    """Told of each of its commands (`worker.execution.deferred.Message`); tells of the whole."""

    def __init__(
        self, ident: str, size: int, lane: Lane, command_events: CommandEvents, tracing: Tracing
    ) -> None:
        self._ident, self._size, self._left = ident, size, size
        self._command_events = command_events
        self._started_at = clock()
        self._span = tracing.batch(ident, size, lane.value)
        command_events.bulk_message_started(ident, size)

    def started(self, grant: Grant) -> None:
        """Work on a command begins."""
        self._span.link(grant.trace)

    def done(self) -> None:
        """There is nothing more to do for one of them now."""
        self._left -= 1
        if self._left == 0:
            took_s = clock() - self._started_at
            self._command_events.bulk_message_ended(self._ident, self._size, took_s)
            self._span.end()
