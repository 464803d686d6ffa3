"""SetDefaultCard: make an attached card the customer's default."""

from __future__ import annotations

from typing import Any

from producer.contract import SetDefaultCard, Slot
from producer.contract.messages import Text
from worker.attempt import Attempt
from worker.handlers.command_handler import CommandHandler
from worker.ports import StripeError, StripeResult
from worker.stripe_error_verdicts import says_missing
from worker.verdicts import Succeeded


class SetDefaultCardHandler(CommandHandler):
    """Sets `default_source`, or for a `pm_` `invoice_settings.default_payment_method`.

    Succeeds with the Customer as Stripe returns it, its sources expanded, but for the
    `client_secret` of sources: no answer carries a secret.
    """

    async def _send(self, attempt: Attempt) -> StripeResult:
        order = _order(attempt)
        if order.slot is Slot.DEFAULT_PAYMENT_METHOD:
            return await self._gateway.set_default_payment_method(
                order.customer, order.card, key=attempt.key, permit=attempt
            )
        return await self._gateway.set_default_source(
            order.customer, order.card, key=attempt.key, permit=attempt
        )

    async def _look_up(self, attempt: Attempt) -> Succeeded | StripeError | None:
        order = _order(attempt)
        result = await self._gateway.customer(order.customer)
        if isinstance(result, StripeError):
            return None if says_missing(result) else result
        # A deleted customer is answered too, without any default.
        is_default = _default(result.body, order.slot) == order.card
        return self._succeeded(result.body) if is_default else None

    def _succeeded(self, body: dict[str, Any]) -> Succeeded:
        sources = body.get("sources")
        if isinstance(sources, dict):
            shown = [_without_secret(source) for source in sources.get("data", [])]
            body = {**body, "sources": {**sources, "data": shown}}
        return Succeeded(Text.DEFAULT_SET, body)


def _order(attempt: Attempt) -> SetDefaultCard:
    if not isinstance(attempt.command, SetDefaultCard):
        raise TypeError(f"not a SetDefaultCard: {attempt.command.kind}")
    return attempt.command


def _default(customer: dict[str, Any], slot: Slot) -> str | None:
    """The id of the slot's default, which Stripe shows as an id or, expanded, as an object."""
    if slot is Slot.DEFAULT_SOURCE:
        default = customer.get("default_source")
    else:
        default = (customer.get("invoice_settings") or {}).get("default_payment_method")
    return default.get("id") if isinstance(default, dict) else default


def _without_secret(source: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in source.items() if name != "client_secret"}
