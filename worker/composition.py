"""The composition root of a worker process: what is made of which settings."""

from __future__ import annotations

import asyncio

from producer.journal import Journal
from worker.announcements import Announcements
from worker.executor import Executor
from worker.handler_set import handlers_of
from worker.leases import LeaseKeeper
from worker.quarantine import Quarantine
from worker.runtime import Runtime
from worker.settings import WorkerSettings
from worker.sweeper import Sweeper
from worker.task_events import TaskEvents


def runtime_of(
    settings: WorkerSettings,
    events: TaskEvents,
    hostname: str,
    loop: asyncio.AbstractEventLoop | None = None,
) -> Runtime:
    """Everything of one worker process, not started."""
    journal = Journal(settings.shared.redis_url)
    gateway, handlers = handlers_of(settings)
    leases = LeaseKeeper(journal, settings.lease_s)
    executor = Executor(settings, journal, handlers, leases, Quarantine(), Announcements(events))
    sweeper = Sweeper(journal, executor, events, hostname)
    return Runtime(settings, journal, gateway, executor, leases, sweeper, events, loop)
