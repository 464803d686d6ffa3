"""Reads customer and card from records that are objects of Stripe's API.

A card, source or payment method names its customer. A customer names its default:
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
"""The attributes of a customer that are read: the first filled one counts."""
COLUMNS = (OBJECT, ID, OWNER, TYPE, DEFAULT, SETTINGS, SETTINGS_METHOD)
CUSTOMER_ONLY = frozenset({f"{OBJECT_SIGN}customer"})
# Types of card sources: the second is an authenticated card.
_CARD_TYPES = ("card", "three_d_secure", None, "")
_BANK = Fault("bank_account", "a bank account, not a card")


@dataclass(frozen=True, slots=True)
class ObjectCard:
    """The customer and card that an object names, with their columns."""

    customer: Any
    card: Any
    customer_column: str
    card_column: str
    both: bool = False  # a customer with both defaults, two different ones


def card_of(columns: Sequence[str], values: Sequence[Any]) -> ObjectCard | Fault:
    """The customer and card of an object; a Fault if it is about no card."""
    found = dict(zip(columns, values, strict=False))
    match found.get(OBJECT):
        case "customer":
            return _customer(found)
        case "card":
            return ObjectCard(_id(found.get(OWNER)), found.get(ID), OWNER, ID)
        case "payment_method" | "source":
            if found.get(TYPE) not in _CARD_TYPES:
                return Fault("not_a_card", "a payment method of another kind than card", TYPE)
            return ObjectCard(_id(found.get(OWNER)), found.get(ID), OWNER, ID)
        case "bank_account":
            return _BANK
    what = "the record is no card, payment method, source or customer of Stripe's"
    return Fault("unknown_object", what, OBJECT)


def pruned(columns: Sequence[str], values: Sequence[Any]) -> list[Any]:
    """The values without unused parts of expanded objects, such as a customer's address."""
    return [_used(column, value) for column, value in zip(columns, values, strict=False)]


def _used(column: str, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if column == SETTINGS:
        return {PAYMENT_METHOD: _id(value.get(PAYMENT_METHOD))}
    return {"id": value.get("id")}


def _customer(found: Mapping[str, Any]) -> ObjectCard | Fault:
    settings = found.get(SETTINGS)
    method = found.get(SETTINGS_METHOD)
    if isinstance(settings, Mapping):
        method = _id(settings.get(PAYMENT_METHOD))
    source = _id(found.get(DEFAULT))
    customer = found.get(ID)
    if method not in (None, ""):
        both = source not in (None, "", method)
        return ObjectCard(customer, method, ID, SETTINGS_METHOD, both)
    if source not in (None, ""):
        return ObjectCard(customer, source, ID, DEFAULT)
    return Fault("no_default", "the customer has no default", DEFAULT)


def _id(value: Any) -> Any:
    """The id of a reference, which may be expanded to an object."""
    return value.get("id") if isinstance(value, Mapping) else value
