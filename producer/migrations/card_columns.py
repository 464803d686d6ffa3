"""Columns of card numbers or CVCs, which refuse a whole file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from producer.contract.card_numbers import find_card_data, looks_like_card_number, named_like_cvc
from producer.contract.redaction import redact
from producer.migrations.errors import FileRefused

_WORD = re.compile(r"[a-z]+")
# Names, their separators left out, and words, of a column with a primary account number (the term
# of PCI DSS), in English and Spanish.
_NUMBER_NAME = re.compile(
    r"card(?:num|no$|nr$)|(?:^|[^a])cc(?:num|no$|nr$)|creditcard$|primaryaccountn|numero(?:de)?(?:la)?tarjeta"
    r"|(?:num|nro|no)tarjeta|tarjeta(?:numero|num|nro)"
)
_CVC_NAME = re.compile(r"codigo(?:de)?seguridad|securitycode|cardverification|^cv[cv2]+$")
# 13 digits, perhaps with what card numbers are grouped by.
_DIGITS = re.compile(r"[0-9](?:[ .\-]?[0-9]){12}")
_LOOKED_AT = 1_000  # characters of a value
_SHOWN = 80  # characters of a name
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def named_like_card_data(name: str) -> bool:
    """Whether a column of this name would hold card numbers or CVCs."""
    parted = _CAMEL.sub("_", name).lower()
    bare = re.sub(r"[^a-z0-9]", "", parted.replace("ó", "o").replace("ú", "u"))
    if "last4" in bare or "lastfour" in bare:
        return False
    return bool(
        named_like_cvc(parted)
        or _CVC_NAME.search(bare)
        or "pan" in _WORD.findall(parted)
        or _NUMBER_NAME.search(bare)
    )


class CardColumns:
    """Looks at values column by column: a long number passes Luhn one time in ten, by chance.

    Raises FileRefused from the start where a column is named like card data.
    """

    def __init__(self, names: Sequence[str]) -> None:
        for name in names:
            refuse_by_name(name)
        self.names = names
        self._filled = [0] * len(names)
        self._like_cards = [0] * len(names)

    @staticmethod
    def worth_a_look(text: str) -> bool:
        """Whether the text of many rows holds so many digits in a row at all."""
        return _DIGITS.search(text) is not None

    def see(self, values: Sequence[Any], *, closely: bool = True) -> None:
        """Count a row; values beyond the named columns are left out.

        Not `closely` where its text is not worth a look.
        """
        for place, value in enumerate(values[: len(self.names)]):
            if value is None or value == "":
                continue
            self._filled[place] += 1
            if closely and _looks_like_a_card(value):
                self._like_cards[place] += 1

    def refuse(self) -> None:
        """Raise FileRefused where most values of a column look like card numbers."""
        for name, filled, like in zip(self.names, self._filled, self._like_cards, strict=True):
            if like * 2 > filled:
                raise FileRefused(
                    "card_data_column",
                    f"most values of column {shown(name)!r} look like card numbers: take the "
                    "column out; nothing was stored",
                    column=shown(name),
                )


def refuse_by_name(name: str) -> None:
    """Raise FileRefused where the name is one of card data."""
    if named_like_card_data(name) or looks_like_card_number(name):
        raise FileRefused(
            "card_data_column",
            f"column {shown(name)!r} is named like a card number or CVC: take it out, used or "
            "not; nothing was stored",
            column=shown(name),
        )


def shown(name: str) -> str:
    """A column's or file's name fit to be printed: short, without card numbers and tokens.

    The first line of a file without a header is taken for names.
    """
    text = redact("".join(c for c in name if c.isprintable())[:_SHOWN])
    return "***" if looks_like_card_number(text) else text


def _looks_like_a_card(value: Any) -> bool:
    if isinstance(value, str):
        return looks_like_card_number(value[:_LOOKED_AT])
    if isinstance(value, (Mapping, list)):
        return find_card_data(value, "") is not None
    return isinstance(value, (int, float)) and find_card_data(value) is not None
