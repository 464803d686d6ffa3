"""Objects as JSON, with the expansions a request asks for."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.objects.account import Account
from sandbox.objects.cards import Card, PaymentMethod, Source, payment_method_of
from sandbox.objects.objects import Customer
from sandbox.protocol.errors import Json

NOTHING: frozenset[str] = frozenset()
CUSTOMER = frozenset({"sources", "default_source", "invoice_settings.default_payment_method"})
HELD = frozenset({"customer"})


def of_list(expandable: frozenset[str]) -> frozenset[str]:
    """The expandable fields of a list of such objects: the same, below `data`."""
    return frozenset(f"data.{name}" for name in expandable)


def customer_view(customer: Customer, expand: frozenset[str]) -> Json:
    """The customer; `sources` only when expanded, as since API version 2020-08-27."""
    default: str | Json | None = customer.default_source
    if default is not None and "default_source" in expand:
        default = customer.sources[str(default)].shown()
    method: str | Json | None = customer.default_payment_method
    if method is not None and "invoice_settings.default_payment_method" in expand:
        held = customer.held(str(method))
        method = payment_method_of(held) if held else None
    body: Json = {
        "id": customer.id,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": customer.created,
        "currency": None,
        "default_source": default,
        "delinquent": False,
        "description": customer.description,
        "discount": None,
        "email": customer.email,
        "invoice_prefix": None,
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": method,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": customer.metadata or {},
        "name": customer.name,
        "next_invoice_sequence": 1,
        "phone": customer.phone,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    if "sources" in expand:
        newest = list(reversed(customer.sources.values()))
        url = f"/v1/customers/{customer.id}/sources"
        body["sources"] = list_view((each.shown() for each in newest[:10]), len(newest) > 10, url)
    return body


def held_view(
    account: Account,
    held: Card | Source | PaymentMethod,
    expand: frozenset[str],
    *,
    as_method: bool = False,
) -> Json:
    """A card, source or payment method, with its customer expanded if asked for."""
    body = payment_method_of(held) if as_method else held.shown()
    # In Stripe's API description a `src_` object's customer is an id and cannot be expanded.
    can_expand = as_method or not isinstance(held, Source)
    if can_expand and "customer" in expand and held.customer is not None:
        body["customer"] = customer_view(account.customers[held.customer], NOTHING)
    return body


def list_view(data: Iterable[Json], has_more: bool, url: str) -> Json:
    return {"object": "list", "data": list(data), "has_more": has_more, "url": url}


def below_data(expand: frozenset[str]) -> frozenset[str]:
    return frozenset(name.removeprefix("data.") for name in expand)
