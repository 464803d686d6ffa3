"""Card details, and how Stripe's objects show them."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from sandbox.protocol.errors import Json


@dataclass(frozen=True, slots=True)
class Decline:
    """The refusal of a card that cannot be attached."""

    code: str
    decline_code: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Brand:
    """One kind of test card; `slug` is the part of Stripe's test token after `tok_`."""

    slug: str
    name: str
    last4: str
    funding: str = "credit"
    country: str = "US"
    decline: Decline | None = None

    @property
    def fingerprint(self) -> str:
        """The same for every card of this number, as at Stripe; not derived from a card number."""
        return blake2b(self.slug.encode(), digest_size=8, person=b"sandbox").hexdigest()

    @property
    def network(self) -> str:
        """The brand's name in payment methods."""
        return {"American Express": "amex", "Diners Club": "diners"}.get(
            self.name, self.name.lower()
        )


@dataclass(frozen=True, slots=True)
class CardFace:
    """A card's brand and expiry. Numbers and CVCs are never kept."""

    brand: Brand
    exp_month: int = 12
    exp_year: int = 2034
    name: str | None = None
    cvc_check: str | None = "pass"


@dataclass(slots=True)
class Card:
    """A card source of a customer; `order` is its place among all objects created."""

    id: str
    face: CardFace
    customer: str | None
    created: int
    order: int
    metadata: dict[str, str] | None = None

    def shown(self) -> Json:
        face = self.face
        return {
            "id": self.id,
            "object": "card",
            "address_city": None,
            "address_country": None,
            "address_line1": None,
            "address_line1_check": None,
            "address_line2": None,
            "address_state": None,
            "address_zip": None,
            "address_zip_check": None,
            "allow_redisplay": "unspecified",
            "brand": face.brand.name,
            "country": face.brand.country,
            "customer": self.customer,
            "cvc_check": face.cvc_check,
            "dynamic_last4": None,
            "exp_month": face.exp_month,
            "exp_year": face.exp_year,
            "fingerprint": face.brand.fingerprint,
            "funding": face.brand.funding,
            "last4": face.brand.last4,
            "metadata": self.metadata or {},
            "name": face.name,
            "regulated_status": "unregulated",
            "tokenization_method": None,
        }


@dataclass(slots=True)
class Source:
    """A `src_` of type card."""

    id: str
    face: CardFace
    customer: str | None
    created: int
    order: int
    metadata: dict[str, str] | None = None
    status: str = "chargeable"

    def shown(self) -> Json:
        face = self.face
        source: Json = {
            "id": self.id,
            "object": "source",
            "allow_redisplay": "unspecified",
            "amount": None,
            "card": {
                "address_line1_check": None,
                "address_zip_check": None,
                "brand": face.brand.name,
                "country": face.brand.country,
                "cvc_check": face.cvc_check,
                "dynamic_last4": None,
                "exp_month": face.exp_month,
                "exp_year": face.exp_year,
                "fingerprint": face.brand.fingerprint,
                "funding": face.brand.funding,
                "last4": face.brand.last4,
                "name": face.name,
                "three_d_secure": "optional",
                "tokenization_method": None,
            },
            "client_secret": f"{self.id}_secret",
            "created": self.created,
            "currency": None,
            "flow": "none",
            "livemode": False,
            "metadata": self.metadata or {},
            "owner": None,
            "statement_descriptor": None,
            "status": self.status,
            "type": "card",
            "usage": "reusable",
        }
        if self.customer is not None:
            source["customer"] = self.customer
        return source


@dataclass(slots=True)
class PaymentMethod:
    """A `pm_` of type card."""

    id: str
    face: CardFace
    customer: str | None
    created: int
    order: int
    metadata: dict[str, str] | None = None
    detached: bool = False

    def shown(self) -> Json:
        return payment_method_of(self)


def payment_method_of(held: Card | Source | PaymentMethod) -> Json:
    """Any card as a PaymentMethod; Stripe shows `card_` and `src_` objects in this form too."""
    face = held.face
    return {
        "id": held.id,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {
            "address": {
                "city": None,
                "country": None,
                "line1": None,
                "line2": None,
                "postal_code": None,
                "state": None,
            },
            "email": None,
            "name": face.name,
            "phone": None,
            "tax_id": None,
        },
        "card": {
            "brand": face.brand.network,
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": face.cvc_check,
            },
            "country": face.brand.country,
            "display_brand": face.brand.network,
            "exp_month": face.exp_month,
            "exp_year": face.exp_year,
            "fingerprint": face.brand.fingerprint,
            "funding": face.brand.funding,
            "generated_from": None,
            "last4": face.brand.last4,
            "networks": {"available": [face.brand.network], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": held.created,
        "customer": held.customer,
        "livemode": False,
        "metadata": held.metadata or {},
        "type": "card",
    }
