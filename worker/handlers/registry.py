"""Maps each kind of command to its handler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from producer.contract import CommandKind
from worker.handlers.assign_card import AssignCardHandler
from worker.handlers.attempt import Attempt
from worker.handlers.set_default_card import SetDefaultCardHandler
from worker.observability.measurements import Measurements
from worker.observability.tracing import Tracing
from worker.ports import CardGateway
from worker.settings import WorkerSettings
from worker.stripe.gateway import StripeGateway
from worker.stripe.rate_limiter import RateLimiter
from worker.verdicts import Verdict


class Handler(Protocol):
    """A handler of one kind of command."""

    async def carry_out(self, attempt: Attempt) -> Verdict:
        """Make one attempt."""


HandlerRegistry = Mapping[CommandKind, Handler]


def handlers_of(
    settings: WorkerSettings,
    rate_limiter: RateLimiter | None = None,
    measurements: Measurements | None = None,
    tracing: Tracing | None = None,
) -> tuple[CardGateway, HandlerRegistry]:
    """The gateway to Stripe, and a handler that uses it for each kind of command."""
    gateway = StripeGateway(
        settings.stripe_api_key,
        api_base=settings.stripe_api_base,
        context=settings.stripe_context,
        timeout=settings.stripe_timeout_s,
        rate_limiter=rate_limiter,
        proxy=settings.stripe_proxy,
        authorities=settings.stripe_authorities,
        measurements=measurements,
        tracing=tracing,
    )
    return gateway, {
        CommandKind.ASSIGN_CARD: AssignCardHandler(gateway),
        CommandKind.SET_DEFAULT_CARD: SetDefaultCardHandler(gateway),
    }
