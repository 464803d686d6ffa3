"""What carrying out either command has in common: send it, and where that is unsure, look."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

from worker.attempt import Attempt
from worker.ports import CardGateway, StripeError, StripeResult
from worker.stripe_error_verdicts import Lookup, verdict_of, verdict_of_lookup
from worker.verdicts import GaveUp, Succeeded, TryAgain, Verdict

_EXPIRED = GaveUp("expired", "It did not take effect while its idempotency key was alive")


class CommandHandler(ABC):
    """Carries out one kind of command at Stripe."""

    def __init__(self, gateway: CardGateway) -> None:
        self._gateway = gateway

    async def carry_out(self, attempt: Attempt) -> Verdict:
        """Make one try, or only look the truth up where the attempt asks for that.

        Raises:
            LeaseLost: the lease was gone just before sending; nothing was sent.
        """
        if not attempt.may_send:
            return await self._found_out(attempt, _EXPIRED)
        if attempt.look_up_first:
            before = await self._look_up(attempt)
            if isinstance(before, StripeError):
                return verdict_of_lookup(before)
            if before is not None:
                return before
        result = await self._send(attempt)
        if not isinstance(result, StripeError):
            return self._succeeded(result.body)
        verdict = verdict_of(result, tries=attempt.number)
        if isinstance(verdict, Lookup):
            return await self._found_out(attempt, verdict.otherwise)
        if isinstance(verdict, TryAgain) and attempt.unsettled and not verdict.new_key:
            # That this try had no effect says nothing of an earlier one under its key.
            return replace(verdict, uncertain=True)
        return verdict

    async def _found_out(self, attempt: Attempt, otherwise: Verdict) -> Verdict:
        found = await self._look_up(attempt)
        if isinstance(found, StripeError):
            return verdict_of_lookup(found)
        return otherwise if found is None else found

    @abstractmethod
    async def _send(self, attempt: Attempt) -> StripeResult:
        """Send the command's one request, under the attempt's key."""

    @abstractmethod
    async def _look_up(self, attempt: Attempt) -> Succeeded | StripeError | None:
        """Read at Stripe whether the command has taken effect; None where it has not."""

    @abstractmethod
    def _succeeded(self, body: dict[str, Any]) -> Succeeded:
        """The verdict for what Stripe answers to the command."""
