"""A customer's defaults and the ids of its cards, read at Stripe."""

from __future__ import annotations

import asyncio
from typing import Any

from producer.contract import Slot
from producer.contract.effective_default import Shadow
from producer.contract.messages import Text
from worker.handlers.card_faces import face_of
from worker.handlers.list_cards import gathered
from worker.handlers.set_default_card import default_of
from worker.ports import CardGateway, StripeError
from worker.stripe.error_verdicts import code_of, verdict_of_listing
from worker.verdicts import Rejected, Succeeded, Verdict

_OVER = ("canceled", "incomplete_expired")


async def read_customer(
    gateway: CardGateway, customer: str, *, with_cards: bool, with_subscriptions: bool = False
) -> Verdict:
    """`id`, `default_source`, `default_payment_method`, `cards` and `faces`.

    The last two are None where they are not asked for: ids, and what people know each card by.
    Where they are asked for, `subscriptions` too: the defaults of their own that they have; None
    where they cannot be read, as with a key that may not, and `subscriptionsNotRead` says why. The
    other verdicts are as of `list_cards`.
    """
    if with_cards:
        owner, methods = await asyncio.gather(
            gateway.customer(customer), gateway.card_payment_methods(customer)
        )
        found = await gathered(gateway, customer, owner, methods)
        if not isinstance(found, list):
            return found
    else:
        owner, found = await gateway.customer(customer), None
    if isinstance(owner, StripeError):
        return verdict_of_listing(owner)
    if owner.body.get("deleted"):
        return Rejected("resource_missing", f"No such customer: '{customer}' was deleted", 404)
    data: dict[str, Any] = {"id": customer}
    data |= {slot.value: default_of(owner.body, slot) for slot in Slot}
    data["cards"] = None if found is None else [card["id"] for card in found]
    data["faces"] = None if found is None else [_face(card) for card in found]
    if with_subscriptions:
        data |= await _own_defaults(gateway, customer)
    return Succeeded(Text.CUSTOMER_READ, data)


def _face(card: dict[str, Any]) -> dict[str, Any]:
    """Of a `src_`, whether it may be charged is its status; other cards have none."""
    status = card.get("status") if card.get("object") == "source" else None
    return {"id": card["id"], **face_of(card), "status": status}


async def _own_defaults(gateway: CardGateway, customer: str) -> dict[str, Any]:
    """Of subscriptions that go on, by Stripe's order: a payment method before a source."""
    result = await gateway.subscriptions(customer)
    if isinstance(result, StripeError):
        # Not the customer's fault, nor the key's: it may do all that commands need.
        code = "not_permitted" if result.http_status == 403 else code_of(result)
        return {"subscriptions": None, "subscriptionsNotRead": code}
    found = []
    for one in result.body["data"]:
        if one.get("status") in _OVER:
            continue
        for slot in Slot.DEFAULT_PAYMENT_METHOD, Slot.DEFAULT_SOURCE:
            card = one.get(slot.value)
            card = card.get("id") if isinstance(card, dict) else card
            if card:
                found.append(Shadow(f"subscription.{slot.value}", card, one["id"]).wire())
                break
    return {"subscriptions": found, "subscriptionsNotRead": None}
