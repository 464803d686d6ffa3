"""The composition root of a worker process: what is made of which settings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from producer.journal import Journal, JournalWatch
from producer.observability import tracing
from worker.callbacks.delivery import Callbacks
from worker.callbacks.http_client import CallbackRequests
from worker.celery.prefetch import LaneGate, LaneOrder
from worker.execution.attempt_runner import Tries
from worker.execution.executor import Executor
from worker.execution.leases import LeaseKeeper
from worker.execution.message_handler import Arrivals
from worker.execution.outcomes import outcomes_of
from worker.execution.quarantine import Quarantine
from worker.execution.row_signatures import RowSignatures
from worker.execution.sweeper import Sweeper
from worker.handlers.registry import handlers_of
from worker.observability.command_events import Announcements
from worker.observability.measurements import Measurements
from worker.observability.task_events import TaskEvents
from worker.observability.tracing import Tracing
from worker.runtime import Runtime
from worker.settings import STRIPE, WorkerSettings
from worker.stripe.rate_limiter import LimitedTurns


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
