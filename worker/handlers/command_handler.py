"""What carrying out either command has in common: send it, and where that is unsure, look."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

from worker.handlers.attempt import Attempt, Terms
from worker.ports import CardGateway, StripeError, StripeResult
from worker.stripe.error_verdicts import Lookup, verdict_of, verdict_of_lookup
from worker.verdicts import GaveUp, Rejected, Succeeded, TryAgain, Verdict

# In the data of a migration's command: nothing had to be changed.
ALREADY_SO = "alreadySo"
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
                return self._told(attempt, before)
        if attempt.terms is not None:
            first = await self._checked(attempt, attempt.terms)
            if first is not None:
                return first
        result = await self._send(attempt)
        if not isinstance(result, StripeError):
            return self._told(attempt, self._succeeded(result.body))
        verdict = verdict_of(result, attempts=attempt.number)
        if isinstance(verdict, Lookup):
            # Refused for having been done, and not by an earlier try of ours.
            refused = isinstance(verdict.otherwise, Rejected)
            already = refused and not (attempt.unsettled or attempt.look_up_first)
            return await self._found_out(attempt, verdict.otherwise, already_so=already)
        if isinstance(verdict, TryAgain) and attempt.unsettled and not verdict.new_key:
            # That this try had no effect says nothing of an earlier one under its key.
            return replace(verdict, uncertain=True)
        return verdict

    async def _found_out(
        self, attempt: Attempt, otherwise: Verdict, *, already_so: bool = False
    ) -> Verdict:
        found = await self._look_up(attempt)
        if isinstance(found, StripeError):
            return verdict_of_lookup(found)
        return otherwise if found is None else self._told(attempt, found, already_so=already_so)

    async def _checked(self, attempt: Attempt, terms: Terms) -> Verdict | None:
        """What the terms of a migration come to before anything is sent; None to go on."""
        return None

    def _told(
        self, attempt: Attempt, succeeded: Succeeded, *, already_so: bool = False
    ) -> Succeeded:
        """The success as it is told; that of a migration's command holds what a report needs."""
        return succeeded

    @abstractmethod
    async def _send(self, attempt: Attempt) -> StripeResult:
        """Send the command's one request, under the attempt's key."""

    @abstractmethod
    async def _look_up(self, attempt: Attempt) -> Succeeded | StripeError | None:
        """Read at Stripe whether the command has taken effect; None where it has not."""

    @abstractmethod
    def _succeeded(self, body: dict[str, Any]) -> Succeeded:
        """The verdict for what Stripe answers to the command."""
