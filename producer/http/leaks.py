"""Keeps card numbers out of what is not a body: headers, paths and query strings."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from producer.contract.card_numbers import looks_like_card_number, named_like_cvc
from producer.contract.messages import Text
from producer.contract.refusals import CardNumberRefused

# One random UUID in 500 holds a run of digits that passes Luhn, a SHA-256 one in 230 (counted over
# 20,000 of each): what callers generate must not be refused at random.
_GENERATED = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{24,})(?![0-9A-Za-z])",
    re.I,
)


def refuse_card_number(text: str, field: str) -> None:
    """Raise CardNumberRefused where the text holds a card number outside of a generated id."""
    if looks_like_card_number(_GENERATED.sub("#", text)):
        raise CardNumberRefused(Text.CARD_NUMBER, field=field)


def refuse_card_number_in_query(query: bytes) -> None:
    """Raise CardNumberRefused where a parameter's name or value holds card data."""
    if not query:
        return
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        refuse_card_number(name, "query")
        refuse_card_number(value, "query")
        if value and named_like_cvc(name):
            raise CardNumberRefused(Text.CARD_NUMBER, field="query")
