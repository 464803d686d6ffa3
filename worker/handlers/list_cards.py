"""Lists a customer's cards, read at Stripe."""

from __future__ import annotations

import asyncio
from typing import Any

from producer.contract.messages import Text
from worker.handlers.card_faces import face_of
from worker.ports import CardGateway, StripeAnswer, StripeError, StripeResult
from worker.stripe.error_verdicts import verdict_of_listing
from worker.verdicts import Rejected, Succeeded, Verdict


async def list_cards(gateway: CardGateway, customer: str) -> Verdict:
    """All cards: the card sources in Stripe's order, then card payment methods not among them.

    A card object is shown as Stripe returns it; a `src_` or `pm_`, whose card is nested, with id,
    object, brand, last4 and expiry. Rejected is Stripe's refusal, also for a deleted customer;
    TryAgain and KeyRefused mean that Stripe could not be read now.
    """
    owner, methods = await asyncio.gather(
        gateway.customer(customer), gateway.card_payment_methods(customer)
    )
    return await listed(gateway, customer, owner, methods)


async def listed(
    gateway: CardGateway, customer: str, owner: StripeResult, methods: StripeResult
) -> Verdict:
    """The listing made from Stripe's answers for the customer and its card payment methods."""
    cards = await gathered(gateway, customer, owner, methods)
    if not isinstance(cards, list):
        return cards
    return Succeeded(Text.CARDS_LISTED, [_shown(card) for card in cards])


async def gathered(
    gateway: CardGateway, customer: str, owner: StripeResult, methods: StripeResult
) -> list[dict[str, Any]] | Verdict:
    """All cards as Stripe returned them, in the listing's order; or why there is no listing."""
    if isinstance(owner, StripeError):
        return verdict_of_listing(owner)
    if owner.body.get("deleted"):
        return Rejected("resource_missing", f"No such customer: '{customer}' was deleted", 404)
    sources = await _sources(gateway, customer, owner)
    if isinstance(sources, StripeError):
        return verdict_of_listing(sources)
    if isinstance(methods, StripeError):
        return verdict_of_listing(methods)
    cards = [source for source in sources.body["data"] if _is_card(source)]
    # Stripe lists card sources among the payment methods too, by their own ids.
    known = {card["id"] for card in cards}
    return cards + [method for method in methods.body["data"] if method["id"] not in known]


async def _sources(gateway: CardGateway, customer: str, owner: StripeAnswer) -> StripeResult:
    """The sources expanded in the customer; if those are not all, the ones that Stripe lists."""
    expanded = owner.body.get("sources")
    if isinstance(expanded, dict) and not expanded.get("has_more"):
        return StripeAnswer({"data": expanded.get("data", [])})
    return await gateway.sources(customer)


def _is_card(source: dict[str, Any]) -> bool:
    return source.get("object") == "card" or source.get("type") == "card"


def _shown(body: dict[str, Any]) -> dict[str, Any]:
    if body.get("object") == "card":
        return body
    return {"id": body["id"], "object": body.get("object"), **face_of(body)}
