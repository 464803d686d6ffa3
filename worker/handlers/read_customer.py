"""Reads a customer's defaults and the ids of its cards at Stripe."""

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

_ENDED = ("canceled", "incomplete_expired")


async def read_customer(
    gateway: CardGateway, customer: str, *, with_cards: bool, with_subscriptions: bool = False
) -> Verdict:
    """`id`, `default_source`, `default_payment_method`, `cards` and `faces`.

    `cards` (ids) and `faces` (what is printed on each card) are None unless `with_cards`. With
    `with_subscriptions` there is also `subscriptions`, the defaults that subscriptions have of
    their own; it is None if they cannot be read, for instance because the key may not, and
    `subscriptionsNotRead` says why. The other verdicts are those of `list_cards`.
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
    """A `src_` has a status, which says whether it may be charged; other cards have none."""
    status = card.get("status") if card.get("object") == "source" else None
    return {"id": card["id"], **face_of(card), "status": status}


async def _own_defaults(gateway: CardGateway, customer: str) -> dict[str, Any]:
    """Of subscriptions that have not ended: by Stripe's order a payment method before a source."""
    result = await gateway.subscriptions(customer)
    if isinstance(result, StripeError):
        # The read goes on without: a key without this right can still execute all commands.
        code = "not_permitted" if result.http_status == 403 else code_of(result)
        return {"subscriptions": None, "subscriptionsNotRead": code}
    found = []
    for subscription in result.body["data"]:
        if subscription.get("status") in _ENDED:
            continue
        for slot in Slot.DEFAULT_PAYMENT_METHOD, Slot.DEFAULT_SOURCE:
            card = subscription.get(slot.value)
            card = card.get("id") if isinstance(card, dict) else card
            if card:
                shadow = Shadow(f"subscription.{slot.value}", card, subscription["id"])
                found.append(shadow.wire())
                break
    return {"subscriptions": found, "subscriptionsNotRead": None}
