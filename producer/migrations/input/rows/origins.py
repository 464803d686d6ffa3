"""Where a row's card was copied from: read beside the row, and never what makes it invalid."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from producer.contract.card_data.card_numbers import find_card_data
from producer.migrations.input.values.copied_columns import CopyColumns, said
from producer.migrations.input.values.stripe_objects import ID
from producer.migrations.input.values.trimming import trimmed
from producer.migrations.model.card_details import UNKNOWN, CardDetails
from producer.migrations.model.rows import Origin, WasDefault

# Fewer digits are no card number.
_MANY_DIGITS = re.compile(r"[0-9](?:_*[0-9]){12}")
_LONGEST = 255
_A_CARD, _A_DEFAULT = Origin("", ""), Origin("", "", WasDefault.YES)


class Origins:
    """Reads them from the values of its columns, `wanted`, in that order."""

    def __init__(self, columns: CopyColumns) -> None:
        self.wanted = columns.names
        named = (columns.customer, columns.source, columns.was_default, *columns.details)
        # As Stripe writes them.
        self._plain = self.wanted == [columns.customer, columns.source]
        self._places = [self.wanted.index(name) if name else None for name in named]

    def of(self, values: Sequence[Any]) -> Origin:
        """The origin that the values tell of."""
        if self._plain:
            customer, source = values
            return Origin(_told(customer), _told(source))
        customer, source, default, *details = (
            "" if place is None else values[place] for place in self._places
        )
        return Origin(
            _told(customer),
            _told(source),
            said(default),
            CardDetails(*map(_told, details)) if any(details) else UNKNOWN,
        )

    @staticmethod
    def storable(values: Sequence[Any]) -> list[Any]:
        """The values as a copy of the file may keep them: without what looks like card data."""
        return [value if isinstance(value, bool) else _told(value) for value in values]


def origin_of_object(customer_column: str) -> Origin:
    """Of an object of Stripe's by where it names its customer: that alone says its default."""
    return _A_DEFAULT if customer_column == ID else _A_CARD


def _told(value: Any) -> str:
    """The text; "" of what is no text or number, is too long, or looks like card data."""
    if type(value) is not str:
        value = str(value) if isinstance(value, int) else ""
    text = trimmed(value)
    if len(text) > _LONGEST:
        return ""
    if text.isascii() and text.replace("_", "").isalnum() and not _MANY_DIGITS.search(text):
        return text
    return text if text.isprintable() and find_card_data(text) is None else ""
