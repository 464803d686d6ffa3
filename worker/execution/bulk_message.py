"""A message of many commands, until each was carried out as far as it could be."""

from __future__ import annotations

from producer.contract import Lane
from producer.journal import Grant
from worker.clock import clock
from worker.observability.command_events import Announcements
from worker.observability.tracing import Tracing


class Batch:
    """Told of each of its commands (`worker.execution.deferred.Message`); tells of the whole."""

    def __init__(
        self, ident: str, size: int, lane: Lane, announcements: Announcements, tracing: Tracing
    ) -> None:
        self._ident, self._size, self._left = ident, size, size
        self._announcements = announcements
        self._begun_at = clock()
        self._span = tracing.batch(ident, size, lane.value)
        announcements.batch_begun(ident, size)

    def begun(self, grant: Grant) -> None:
        """Work on a command begins."""
        self._span.link(grant.trace)

    def done(self) -> None:
        """There is nothing more to do for one of them now."""
        self._left -= 1
        if self._left == 0:
            took_s = clock() - self._begun_at
            self._announcements.batch_ended(self._ident, self._size, took_s)
            self._span.end()
