"""How many customers a worker works on at once, by lane."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from producer.contract import Lane
from worker.celery.prefetch import Prefetch
from worker.execution.shutdown import Shutdown

_JOURNAL_CHECK_S = 0.5


class Slots:
    """Slots of each lane. None is free while the worker stops or the journal is lost."""

    def __init__(self, concurrency: int, prefetch: Prefetch, shutdown: Shutdown) -> None:
        self._prefetch = prefetch
        self._shutdown = shutdown
        # The bulk lane leaves some slots to what sweeps find.
        self._size = {
            Lane.INTERACTIVE: concurrency,
            Lane.BULK: max(1, concurrency * 4 // 5),
        }
        self._busy: Counter[Lane] = Counter()

    @property
    def paused(self) -> bool:
        """Whether nothing may start: the worker stops, or the journal was lost."""
        return self._shutdown.requested or self._prefetch.suspended

    def free(self, lane: Lane) -> int:
        """How many slots of the lane are free."""
        return 0 if self.paused else self._size[lane] - self._busy[lane]

    @contextmanager
    def occupied(self, lane: Lane) -> Iterator[None]:
        """Occupy a slot, also where none is free."""
        self._busy[lane] += 1
        try:
            yield
        finally:
            self._busy[lane] -= 1

    async def journal_available(self) -> None:
        """Return at once unless the journal is lost; a message is held until it is back.

        Raises:
            Stopping: the worker stops.
        """
        while self._prefetch.suspended:
            await self._shutdown.pause(_JOURNAL_CHECK_S)
