"""Resolves an unknown outcome: reads at Stripe whether the command took effect."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol, TypeVar

from worker.handlers.attempt import Attempt, LeaseLost
from worker.ports import StripeError
from worker.stripe.error_verdicts import verdict_of_lookup
from worker.verdicts import KeyRefused, Succeeded, TryAgain, Verdict

log = logging.getLogger(__name__)
T = TypeVar("T")


class OutcomeReader(Protocol):
    """What a handler knows of its kind of command."""

    async def look_up(self, attempt: Attempt) -> Succeeded | StripeError | None:
        """Read at Stripe whether the command has taken effect; None if it has not."""

    def answer(
        self, attempt: Attempt, succeeded: Succeeded, *, already_so: bool = False
    ) -> Succeeded:
        """The success with the data that the attempt's caller is given."""


async def resolve(
    handler: OutcomeReader, attempt: Attempt, otherwise: T, *, already_so: bool = False
) -> Succeeded | TryAgain | KeyRefused | T:
    """Succeeded if the command has taken effect, `otherwise` if it has not.

    If Stripe cannot be read the outcome stays unknown. `already_so` says that it did not take
    effect through an attempt of ours.
    """
    found = await handler.look_up(attempt)
    if isinstance(found, StripeError):
        return verdict_of_lookup(found)
    if found is None:
        return otherwise
    return handler.answer(attempt, found, already_so=already_so)


async def last_lookup(
    carry_out: Callable[[Attempt], Awaitable[Verdict]], attempt: Attempt
) -> Succeeded | None:
    """Before the command fails: its success, if it took effect after all.

    Raises:
        LeaseLost: the lease was lost.
    """
    try:
        found = await carry_out(replace(attempt, may_send=False))
    except LeaseLost:
        raise
    except Exception:
        log.warning(
            "command %s: the last lookup failed, so its outcome at Stripe is unknown",
            attempt.command_id,
        )
        return None
    return found if isinstance(found, Succeeded) else None
