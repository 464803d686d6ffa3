"""Where a row's card was copied from: read beside the row, and never what makes it invalid."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from producer.contract.card_numbers import find_card_data
from producer.migrations.copied import CopyColumns, said
from producer.migrations.faces import UNKNOWN, Face
from producer.migrations.rows import Origin

# What holds no card number for certain.
_PLAIN = re.compile(r"(?!.*[0-9](?:_*[0-9]){12})[A-Za-z0-9_]{0,255}")
_LONGEST = 255


class Origins:
    """Reads them from the values of its columns, `wanted`, in that order."""

    def __init__(self, columns: CopyColumns) -> None:
        self.wanted = columns.names
        named = (columns.customer, columns.source, columns.was_default, *columns.face)
        self._places = [self.wanted.index(name) if name else None for name in named]

    def of(self, values: Sequence[Any]) -> Origin:
        """The origin that the values tell of."""
        customer, source, default, *face = (
            "" if place is None else values[place] for place in self._places
        )
        return Origin(
            _told(customer),
            _told(source),
            said(default),
            Face(*(_told(part).strip() for part in face)) if any(face) else UNKNOWN,
        )

    @staticmethod
    def storable(values: Sequence[Any]) -> list[Any]:
        """The values as a copy of the file may keep them: without what looks like card data."""
        return [value if isinstance(value, bool) else _told(value) for value in values]


def _told(value: Any) -> str:
    """The text; "" of what is no text or number, is too long, or looks like card data."""
    if type(value) is not str:
        value = str(value) if isinstance(value, int) else ""
    if _PLAIN.fullmatch(value):
        return str(value)
    if len(value) > _LONGEST or find_card_data(value) is not None or not value.isprintable():
        return ""
    return str(value)
