"""A customer reduced to the fields that the contract promises."""

from __future__ import annotations

from typing import Any

from worker.handlers.card_faces import face_of

_FIELDS = ("id", "object", "email", "name", "phone", "default_source", "created")


def concise(customer: dict[str, Any]) -> dict[str, Any]:
    """The customer with the contract's fields and the default payment method.

    That is a quarter of what Stripe returns, which counts if millions of answers are kept.
    """
    sources = customer.get("sources") or {}
    settings = customer.get("invoice_settings") or {}
    return {
        **{name: customer.get(name) for name in _FIELDS},
        "invoice_settings": {"default_payment_method": settings.get("default_payment_method")},
        "sources": {
            "object": sources.get("object", "list"),
            "data": [_card(source) for source in sources.get("data", [])],
        },
    }


def _card(source: dict[str, Any]) -> dict[str, Any]:
    return {"id": source.get("id"), "object": source.get("object"), **face_of(source)}
