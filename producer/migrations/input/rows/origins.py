"""Reads the origin of a row's card; it never makes the row invalid."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from producer.contract.card_data.card_numbers import find_card_data
from producer.migrations.input.values.copied_columns import CopyColumns, read_was_default
from producer.migrations.input.values.stripe_objects import ID
from producer.migrations.input.values.trimming import trimmed
from producer.migrations.model.card_details import UNKNOWN, CardDetails
from producer.migrations.model.rows import Origin, WasDefault

# Card numbers have no fewer digits.
_MANY_DIGITS = re.compile(r"[0-9](?:_*[0-9]){12}")
_LONGEST = 255
_A_CARD, _A_DEFAULT = Origin("", ""), Origin("", "", WasDefault.YES)


class Origins:
    """Reads origins from values in the order of `wanted`."""

    def __init__(self, columns: CopyColumns) -> None:
        self.wanted = columns.names
        named = (columns.customer, columns.source, columns.was_default, *columns.details)
        # Stripe's mapping of a copy has only these columns.
        self._plain = self.wanted == [columns.customer, columns.source]
        self._places = [self.wanted.index(name) if name else None for name in named]

    def of(self, values: Sequence[Any]) -> Origin:
        """The origin that the values name."""
        if self._plain:
            customer, source = values
            return Origin(_safe_text(customer), _safe_text(source))
        customer, source, default, *details = (
            "" if place is None else values[place] for place in self._places
        )
        return Origin(
            _safe_text(customer),
            _safe_text(source),
            read_was_default(default),
            CardDetails(*map(_safe_text, details)) if any(details) else UNKNOWN,
        )

    @staticmethod
    def storable(values: Sequence[Any]) -> list[Any]:
        """The values as a copy of the file may keep them: without possible card data."""
        return [value if isinstance(value, bool) else _safe_text(value) for value in values]


def origin_of_object(customer_column: str) -> Origin:
    """The origin for a Stripe object, by its customer's column: only customers name a default."""
    return _A_DEFAULT if customer_column == ID else _A_CARD


def _safe_text(value: Any) -> str:
    """The text; "" for other types than text and number, long texts, and possible card data."""
    if type(value) is not str:
        value = str(value) if isinstance(value, int) else ""
    text = trimmed(value)
    if len(text) > _LONGEST:
        return ""
    if text.isascii() and text.replace("_", "").isalnum() and not _MANY_DIGITS.search(text):
        return text
    return text if text.isprintable() and find_card_data(text) is None else ""
