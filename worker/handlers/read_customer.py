"""A customer's defaults and the ids of its cards, read at Stripe."""

from __future__ import annotations

import asyncio
from typing import Any

from producer.contract import Slot
from producer.contract.messages import Text
from worker.handlers.list_cards import listed
from worker.handlers.set_default_card import default_of
from worker.ports import CardGateway, StripeError
from worker.stripe_error_verdicts import verdict_of_listing
from worker.verdicts import Rejected, Succeeded, Verdict


async def read_customer(gateway: CardGateway, customer: str, *, with_cards: bool) -> Verdict:
    """`id`, `default_source`, `default_payment_method`, and `cards`: ids, None where not asked for.

    The other verdicts are as of `list_cards`.
    """
    if with_cards:
        owner, methods = await asyncio.gather(
            gateway.customer(customer), gateway.card_payment_methods(customer)
        )
        verdict = await listed(gateway, customer, owner, methods)
        if not isinstance(verdict, Succeeded):
            return verdict
        cards = [card["id"] for card in verdict.data]
    else:
        owner, cards = await gateway.customer(customer), None
    if isinstance(owner, StripeError):
        return verdict_of_listing(owner)
    if owner.body.get("deleted"):
        return Rejected("resource_missing", f"No such customer: '{customer}' was deleted", 404)
    data: dict[str, Any] = {"id": customer}
    data |= {slot.value: default_of(owner.body, slot) for slot in Slot}
    data["cards"] = cards
    return Succeeded(Text.CUSTOMER_READ, data)
