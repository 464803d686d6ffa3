"""Records that are objects of Stripe's API: whose card each one is about.

A card, source or payment method is one that its customer has. A customer says the default itself:
`invoice_settings.default_payment_method`, which Stripe charges first, or else `default_source`.
Stripe docs: API reference, customers/object, cards/object, payment_methods/object.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from producer.migrations.input.values.id_kinds import OBJECT_SIGN
from producer.migrations.model.records import Fault

OBJECT, ID, OWNER, TYPE = "object", "id", "customer", "type"
SETTINGS, PAYMENT_METHOD, DEFAULT = "invoice_settings", "default_payment_method", "default_source"
SETTINGS_METHOD = f"{SETTINGS}.{PAYMENT_METHOD}"
DEFAULTS = f"{SETTINGS_METHOD}, {DEFAULT}"
"""What is read of a customer, the first that is filled."""
COLUMNS = (OBJECT, ID, OWNER, TYPE, DEFAULT, SETTINGS, SETTINGS_METHOD)
CUSTOMER_ONLY = frozenset({f"{OBJECT_SIGN}customer"})
# Sources of cards: the second kind is a card's that was authenticated.
_CARD_TYPES = ("card", "three_d_secure", None, "")
_BANK = Fault("bank_account", "a bank account, not a card")


@dataclass(frozen=True, slots=True)
class Told:
    """What an object says, with the columns that say it."""

    customer: Any
    card: Any
    customer_column: str
    card_column: str
    both: bool = False  # a customer with both defaults, two different ones


def card_of(columns: Sequence[str], values: Sequence[Any]) -> Told | Fault:
    """What an object says; a Fault where it is none of a card's."""
    found = dict(zip(columns, values, strict=False))
    match found.get(OBJECT):
        case "customer":
            return _customer(found)
        case "card":
            return Told(_id(found.get(OWNER)), found.get(ID), OWNER, ID)
        case "payment_method" | "source":
            if found.get(TYPE) not in _CARD_TYPES:
                return Fault("not_a_card", "a payment method of another kind than card", TYPE)
            return Told(_id(found.get(OWNER)), found.get(ID), OWNER, ID)
        case "bank_account":
            return _BANK
    what = "the record is no card, payment method, source or customer of Stripe's"
    return Fault("unknown_object", what, OBJECT)


def pruned(columns: Sequence[str], values: Sequence[Any]) -> list[Any]:
    """The values without what else stands in expanded objects, such as a customer's address."""
    return [_used(column, value) for column, value in zip(columns, values, strict=False)]


def _used(column: str, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if column == SETTINGS:
        return {PAYMENT_METHOD: _id(value.get(PAYMENT_METHOD))}
    return {"id": value.get("id")}


def _customer(found: Mapping[str, Any]) -> Told | Fault:
    settings = found.get(SETTINGS)
    method = found.get(SETTINGS_METHOD)
    if isinstance(settings, Mapping):
        method = _id(settings.get(PAYMENT_METHOD))
    source = _id(found.get(DEFAULT))
    customer = found.get(ID)
    if method not in (None, ""):
        both = source not in (None, "", method)
        return Told(customer, method, ID, SETTINGS_METHOD, both)
    if source not in (None, ""):
        return Told(customer, source, ID, DEFAULT)
    return Fault("no_default", "the customer has no default", DEFAULT)


def _id(value: Any) -> Any:
    """The id of what may be expanded to the object itself."""
    return value.get("id") if isinstance(value, Mapping) else value
