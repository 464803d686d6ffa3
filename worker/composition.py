"""The composition root of a worker process: what is made of which settings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from producer import tracing
from producer.journal import Journal, JournalWatch
from worker.announcements import Announcements
from worker.arrivals import Arrivals
from worker.callback_requests import CallbackRequests
from worker.callbacks import Callbacks
from worker.executor import Executor
from worker.handler_set import handlers_of
from worker.lane_gate import LaneGate, LaneOrder
from worker.leases import LeaseKeeper
from worker.measurements import Measurements
from worker.outcomes import outcomes_of
from worker.quarantine import Quarantine
from worker.row_signatures import RowSignatures
from worker.runtime import Runtime
from worker.settings import STRIPE, WorkerSettings
from worker.sweeper import Sweeper
from worker.task_events import TaskEvents
from worker.tracing import Tracing
from worker.tries import Tries
from worker.turns import LimitedTurns


def runtime_of(
    settings: WorkerSettings,
    hostname: str,
    tick: Callable[[], int],
    loop: asyncio.AbstractEventLoop | None = None,
) -> Runtime:
    """Everything of one worker process, not started. `tick` is Celery's logical clock."""
    journal = Journal(settings.shared.redis)
    events = TaskEvents(journal, settings.shared.redis.database, hostname, tick)
    measurements = Measurements(journal.errors)
    spans = Tracing(settings.stripe_api_base or STRIPE, on=tracing.is_on())
    turns = LimitedTurns(journal, settings.limits, measurements)
    gateway, handlers = handlers_of(settings, turns, measurements, spans)
    leases, gate = LeaseKeeper(journal, settings.lease_s), LaneGate(settings.concurrency)
    LaneOrder.gate = gate
    announcements = Announcements(events)
    outcomes = outcomes_of(settings.shared)
    signatures = RowSignatures(settings.shared.signing)
    tries = Tries(handlers, Quarantine(), outcomes, announcements, journal, signatures)
    executor = Executor(settings, journal, tries, leases, announcements, gate, measurements, spans)
    arrivals = Arrivals(settings, executor, announcements, outcomes, gate, spans)
    watch = JournalWatch(settings.shared.redis)
    sweeper = Sweeper(journal, watch, gate, executor, events, hostname, measurements)
    requests = CallbackRequests(private=settings.callbacks_private)
    callbacks = Callbacks(journal, watch, settings.callback_secrets, requests)
    return Runtime(
        settings, journal, gateway, executor, arrivals, leases, sweeper, callbacks, events, loop
    )
