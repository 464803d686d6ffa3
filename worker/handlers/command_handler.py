"""What both kinds of command share: the request, and a lookup where its outcome is unknown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

from worker.handlers.attempt import Attempt, Terms
from worker.handlers.unknown_outcome import resolve
from worker.ports import CardGateway, StripeError, StripeResult
from worker.stripe.error_verdicts import Lookup, verdict_of
from worker.verdicts import GaveUp, Rejected, Succeeded, TryAgain, Verdict

# In the data of a migration's command: nothing had to be changed.
ALREADY_SO = "alreadySo"
_EXPIRED = GaveUp("expired", "It did not take effect while its idempotency key was alive")


class CommandHandler(ABC):
    """Executes one kind of command at Stripe."""

    def __init__(self, gateway: CardGateway) -> None:
        self._gateway = gateway

    async def carry_out(self, attempt: Attempt) -> Verdict:
        """Make one attempt, or only look up the outcome if the attempt may not send.

        Raises:
            LeaseLost: the lease was lost just before sending; nothing was sent.
        """
        if not attempt.may_send:
            return await resolve(self, attempt, _EXPIRED)
        if attempt.look_up_first and (known := await resolve(self, attempt, None)) is not None:
            return known
        if attempt.terms is not None:
            verdict = await self._check_terms(attempt, attempt.terms)
            if verdict is not None:
                return verdict
        result = await self._send(attempt)
        if not isinstance(result, StripeError):
            return self.answer(attempt, self._succeeded(result.body))
        meaning = verdict_of(result, attempts=attempt.number)
        if isinstance(meaning, Lookup):
            # Stripe refused because it is done already, and not by an earlier attempt of ours.
            refused = isinstance(meaning.otherwise, Rejected)
            already = refused and not (attempt.unsettled or attempt.look_up_first)
            return await resolve(self, attempt, meaning.otherwise, already_so=already)
        if isinstance(meaning, TryAgain) and attempt.unsettled and not meaning.new_key:
            # This attempt had no effect, but an earlier one under its key may have had one.
            return replace(meaning, uncertain=True)
        return meaning

    async def _check_terms(self, attempt: Attempt, terms: Terms) -> Verdict | None:
        """The verdict of a migration's terms before anything is sent; None to go on."""
        return None

    def answer(
        self, attempt: Attempt, succeeded: Succeeded, *, already_so: bool = False
    ) -> Succeeded:
        """The success as the caller gets it; a migration's holds what its report needs."""
        return succeeded

    @abstractmethod
    async def _send(self, attempt: Attempt) -> StripeResult:
        """Send the command's one request, under the attempt's key."""

    @abstractmethod
    async def look_up(self, attempt: Attempt) -> Succeeded | StripeError | None:
        """Read at Stripe whether the command has taken effect; None if it has not."""

    @abstractmethod
    def _succeeded(self, body: dict[str, Any]) -> Succeeded:
        """The verdict for Stripe's answer to the command."""
