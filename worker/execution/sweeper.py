"""Finds what nobody works on: due retries, expired leases, messages that went missing."""

from __future__ import annotations

import asyncio
import logging
import random

from producer.journal import Journal, JournalFault, JournalUnavailable, JournalWatch, count, sweep
from worker.celery.consumer_activity import ConsumerActivity
from worker.celery.prefetch import Prefetch
from worker.execution.executor import Executor
from worker.observability.measurements import Measurements
from worker.observability.task_events import TaskEvents

log = logging.getLogger(__name__)

INTERVAL_S = 1.0
# How long a message may be under way. With the interval, and the two sweeps that a lost message in
# a flood takes, it is found within 2 * 5 + 2 s.
PATIENCE_S = 5.0
_LIMIT = 100


class Sweeper:
    """One per process; each worker's sweeps find everything."""

    def __init__(
        self,
        journal: Journal,
        watch: JournalWatch,
        prefetch: Prefetch,
        executor: Executor,
        events: TaskEvents,
        worker: str,
        measurements: Measurements | None = None,
    ) -> None:
        self._measurements = measurements or Measurements()
        self._journal = journal
        self._watch = watch
        self._prefetch = prefetch
        self._executor = executor
        self._events = events
        self._worker = worker
        self._draw = random.Random()

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self._sweep()
            except JournalUnavailable as error:
                log.warning("no sweep: %s", error)
            except JournalFault as error:
                log.error("no sweep, since its data in the journal are damaged: %s", error.cause)
            except Exception:
                # If this loop ended, nobody would find forgotten work.
                log.exception("no sweep")
            await self.flush_counts()
            await asyncio.sleep(INTERVAL_S * self._draw.uniform(0.5, 1.5))

    async def flush_counts(self) -> None:
        """Add the measurements to the counts in Redis; if that fails, keep them."""
        counts = self._measurements.take()
        if not counts:
            return
        try:
            await self._journal(count(counts))
        except (JournalUnavailable, JournalFault):
            self._measurements.give_back(counts)

    async def _sweep(self) -> None:
        self._watch.see(await self._journal(self._watch.look()))
        was_suspended = self._prefetch.suspended
        self._prefetch.suspended = self._watch.refuses is not None
        if self._prefetch.suspended:
            return
        if was_suspended:
            self._executor.wake_deferred()
        limit = max(0, min(_LIMIT, self._executor.spare))
        # A worker whose consumer fetches nothing does not count as alive.
        worker = self._worker if ConsumerActivity.is_recent() else ""
        call = sweep(worker, limit=limit, patience_ms=int(PATIENCE_S * 1000))
        found = await self._journal(call)
        self._prefetch.paused_lanes = found.paused
        for customer in found.customers:
            self._executor.spawn(self._executor.on_customer(customer))
        for command_id, state in found.ends:
            self._events.ended(command_id, state)
        for command_id in found.commands:
            self._executor.spawn(self._executor.on_lost_message(command_id))
