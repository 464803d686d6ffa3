"""What is printed on a card, read from any of Stripe's objects that hold it."""

from __future__ import annotations

from typing import Any

# From the spelling in payment methods to that in cards and sources
# (Stripe docs: api/payment_methods/object, api/cards/object).
_BRANDS = {
    "amex": "American Express",
    "cartes_bancaires": "Cartes Bancaires",
    "diners": "Diners Club",
    "discover": "Discover",
    "eftpos_au": "Eftpos Australia",
    "girocard": "Girocard",
    "jcb": "JCB",
    "link": "Link",
    "mastercard": "MasterCard",
    "unionpay": "UnionPay",
    "visa": "Visa",
    "unknown": "Unknown",
}


def face_of(body: dict[str, Any]) -> dict[str, Any]:
    """Brand, last4 and expiry of a card, a source or a payment method.

    The brand is spelt as in card objects, also for a payment method ("visa" becomes "Visa"), so
    that one card has one spelling.
    """
    nested = body.get("card")
    card = nested if isinstance(nested, dict) else body
    brand = card.get("brand")
    return {
        "brand": _BRANDS.get(brand, brand) if isinstance(brand, str) else None,
        "last4": card.get("last4"),
        "exp_month": card.get("exp_month"),
        "exp_year": card.get("exp_year"),
    }
