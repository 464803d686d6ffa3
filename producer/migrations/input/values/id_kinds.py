"""The kind of a value by its form: an id by prefix, or the name of a Stripe object."""

from __future__ import annotations

import re
from typing import Any

from producer.migrations.input.values.trimming import trimmed

CUSTOMER, TOKEN, BANK = "cus", "tok", "ba"
CARDS = frozenset({"card", "pm", "src", BANK})
"""Prefixes of ids that can be a default."""
OBJECT_SIGN = "="
OTHER = "other"
# Stripe docs: API reference, the attribute `object`. Only objects that name a customer or card.
OBJECT_NAMES = frozenset({"card", "payment_method", "source", "bank_account", "customer"})
_PREFIX = re.compile(r"(cus|card|pm|src|ba|tok)_[A-Za-z0-9]")


def kind_of(value: Any) -> str:
    """`cus`, `card` ... for an id; `=card` ... for an object's name; "" if empty; else `other`."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return OTHER
    text = trimmed(value)
    if not text:
        return ""
    found = _PREFIX.match(text)
    if found:
        return found.group(1)
    return OBJECT_SIGN + text if text in OBJECT_NAMES else OTHER
