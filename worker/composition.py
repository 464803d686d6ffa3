"""The composition root of a worker process: what is made of which settings."""

from __future__ import annotations

import asyncio

from producer.contract import CommandKind
from producer.journal import Journal
from worker.announcements import Announcements
from worker.executor import CarriesOut, Executor
from worker.handlers import AssignCardHandler, SetDefaultCardHandler
from worker.leases import LeaseKeeper
from worker.ports import CardGateway
from worker.quarantine import Quarantine
from worker.runtime import Runtime
from worker.settings import WorkerSettings
from worker.stripe_gateway import StripeGateway
from worker.sweeper import Sweeper
from worker.task_events import TaskEvents


def handlers_of(settings: WorkerSettings) -> tuple[CardGateway, dict[CommandKind, CarriesOut]]:
    """The gateway to Stripe, and a handler on it for each kind of command."""
    gateway = StripeGateway(
        settings.stripe_api_key,
        api_base=settings.stripe_api_base,
        timeout=settings.stripe_timeout_s,
    )
    return gateway, {
        CommandKind.ASSIGN_CARD: AssignCardHandler(gateway),
        CommandKind.SET_DEFAULT_CARD: SetDefaultCardHandler(gateway),
    }


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
    return Runtime(settings, journal, gateway, executor, leases, sweeper, loop)
