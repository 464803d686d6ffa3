"""The composition root of a worker process: makes its objects from the settings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from producer.journal import Journal, JournalWatch
from producer.observability import tracing
from worker.callbacks.delivery import Callbacks
from worker.callbacks.http_client import CallbackClient
from worker.celery.prefetch import Prefetch, QueueOrder
from worker.execution.attempt_runner import AttemptRunner
from worker.execution.bulk_message import BulkMessageHandler
from worker.execution.executor import Executor
from worker.execution.leases import LeaseKeeper
from worker.execution.message_handler import MessageHandler
from worker.execution.outcomes import outcomes_of
from worker.execution.quarantine import Quarantine
from worker.execution.row_signatures import RowSignatures
from worker.execution.sweeper import Sweeper
from worker.handlers.registry import handlers_of
from worker.observability.command_events import CommandEvents
from worker.observability.measurements import Measurements
from worker.observability.task_events import TaskEvents
from worker.observability.tracing import Tracing
from worker.runtime import Runtime
from worker.settings import STRIPE, WorkerSettings
from worker.stripe.rate_limiter import SharedRateLimiter


def runtime_of(
    settings: WorkerSettings,
    hostname: str,
    tick: Callable[[], int],
    loop: asyncio.AbstractEventLoop | None = None,
) -> Runtime:
    """The runtime of one worker process, not started. `tick` is Celery's logical clock."""
    journal = Journal(settings.shared.redis)
    events = TaskEvents(journal, settings.shared.redis.database, hostname, tick)
    measurements = Measurements(journal.errors)
    spans = Tracing(settings.stripe_api_base or STRIPE, on=tracing.is_on())
    rate_limiter = SharedRateLimiter(journal, settings.limits, measurements)
    gateway, handlers = handlers_of(settings, rate_limiter, measurements, spans)
    leases, prefetch = LeaseKeeper(journal, settings.lease_s), Prefetch(settings.concurrency)
    QueueOrder.prefetch = prefetch
    command_events = CommandEvents(events)
    outcomes = outcomes_of(settings.shared)
    signatures = RowSignatures(settings.shared.signing)
    attempts = AttemptRunner(handlers, Quarantine(), outcomes, command_events, journal, signatures)
    executor = Executor(
        settings, journal, attempts, leases, command_events, prefetch, measurements, spans
    )
    message_handler = MessageHandler(settings, executor, command_events, outcomes, prefetch)
    bulk_message_handler = BulkMessageHandler(
        executor, message_handler, command_events, prefetch, spans
    )
    watch = JournalWatch(settings.shared.redis)
    sweeper = Sweeper(journal, watch, prefetch, executor, events, hostname, measurements)
    requests = CallbackClient(private=settings.callbacks_private)
    callbacks = Callbacks(journal, watch, settings.callback_secrets, requests)
    return Runtime(
        settings,
        journal,
        gateway,
        executor,
        message_handler,
        bulk_message_handler,
        leases,
        sweeper,
        callbacks,
        events,
        loop,
    )
