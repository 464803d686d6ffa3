"""The objects of an account that have no module of their own."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.objects.cards import Card, CardFace, PaymentMethod, Source
from sandbox.protocol.errors import Json

Attached = Card | Source


@dataclass(slots=True)
class Customer:
    """A customer; its `sources` are in the order they were attached."""

    id: str
    created: int
    email: str | None = None
    name: str | None = None
    phone: str | None = None
    description: str | None = None
    metadata: dict[str, str] | None = None
    default_source: str | None = None
    default_payment_method: str | None = None
    sources: dict[str, Attached] = field(default_factory=dict)
    payment_methods: dict[str, PaymentMethod] = field(default_factory=dict)
    deleted: bool = False

    def held(self, id: str) -> Attached | PaymentMethod | None:
        """An attached source or payment method."""
        return self.sources.get(id) or self.payment_methods.get(id)


@dataclass(slots=True)
class Subscription:
    """A subscription: only which card its invoices are charged to."""

    id: str
    customer: str
    created: int
    order: int
    default_payment_method: str | None = None
    default_source: str | None = None
    status: str = "active"

    def shown(self) -> Json:
        return {
            "id": self.id,
            "object": "subscription",
            "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
            "billing_cycle_anchor": self.created,
            "billing_mode": {"type": "flexible"},
            "billing_schedules": [],
            "cancel_at_period_end": False,
            "collection_method": "charge_automatically",
            "created": self.created,
            "currency": "usd",
            "customer": self.customer,
            "default_payment_method": self.default_payment_method,
            "default_source": self.default_source,
            "discounts": [],
            "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
            "items": {
                "object": "list",
                "data": [],
                "has_more": False,
                "url": f"/v1/subscription_items?subscription={self.id}",
            },
            "livemode": False,
            "metadata": {},
            "start_date": self.created,
            "status": self.status,
        }


@dataclass(slots=True)
class Token:
    """A `tok_`; `card` is the id its card gets when it is attached, as at Stripe."""

    id: str
    card: str
    face: CardFace
    created: int
    used: bool = False
