"""Refuses card numbers in headers, paths and query strings."""

from __future__ import annotations

from urllib.parse import parse_qsl

from producer.contract.card_data.card_numbers import holds_card_number, named_like_cvc
from producer.contract.messages import Text
from producer.contract.refusals import CardNumberRefused


def refuse_card_number(text: str, field: str) -> None:
    """Raise CardNumberRefused if the text has a card number that is not part of a generated id."""
    if holds_card_number(text) or (not text.isascii() and holds_card_number(_as_utf8(text))):
        raise CardNumberRefused(Text.CARD_NUMBER, field=field)


def refuse_card_number_in_query(query: bytes) -> None:
    """Raise CardNumberRefused if a parameter's name or value holds card data."""
    if not query:
        return
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        refuse_card_number(name, "query")
        refuse_card_number(value, "query")
        if value and named_like_cvc(name):
            raise CardNumberRefused(Text.CARD_NUMBER, field="query")


def _as_utf8(text: str) -> str:
    """Decode as UTF-8 what the server decoded as Latin-1, as it does with headers."""
    return text.encode("latin-1", "replace").decode("utf-8", "replace")
