"""Columns of card numbers or CVCs, which refuse a whole file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from producer.contract.card_numbers import (
    find_card_data,
    looks_like_card_number,
    looks_like_cvc,
    named_like_cvc,
)
from producer.contract.digit_spellings import may_hold_number
from producer.contract.redaction import redact
from producer.migrations.errors import FileRefused
from producer.migrations.reasons import Reason

_WORD = re.compile(r"[a-z]+")
# Names, their separators left out, and words, of a column with a primary account number (the term
# of PCI DSS), in English and Spanish.
_NUMBER_NAME = re.compile(
    r"card(?:num|no$|nr$)|(?:^|[^a])cc(?:num|no$|nr$)|creditcard$|primaryaccountn|numero(?:de)?(?:la)?tarjeta"
    r"|(?:num|nro|no)tarjeta|tarjeta(?:numero|num|nro)"
)
_CVC_NAME = re.compile(r"codigo(?:de)?seguridad|securitycode|cardverification|^cv[cv2]+$")
_LAST_DIGITS = re.compile("last(?:4|four)")
# American Express calls its CVC so, and many call a customer's id so.
_CID = re.compile(r"(?<![a-z])cid(?=\d?(?:$|[^a-z]))")
_OF_A_CARD = frozenset({"amex", "card", "cc", "code", "codigo", "tarjeta"})
# Of JSON Lines, whose rows may each have columns of their own.
_MOST_CIDS = 100
_LOOKED_AT = 1_000  # characters of a value
_SHOWN = 80  # characters of a name
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def named_like_card_data(name: str) -> bool:
    """Whether a column of this name would hold card numbers or CVCs; that of a `cid` may not."""
    parted = _parted(name)
    if _OF_A_CARD.isdisjoint(_WORD.findall(parted)):
        parted = _CID.sub("id", parted)
    bare = _bare(parted)
    return _LAST_DIGITS.search(bare) is None and bool(
        named_like_cvc(parted)
        or _CVC_NAME.search(bare)
        or "pan" in _WORD.findall(parted)
        or _NUMBER_NAME.search(bare)
    )


def named_cid(name: str) -> bool:
    """Whether a column of this name holds CVCs or customers' ids: its values say which."""
    parted = _parted(name)
    return (
        _CID.search(parted) is not None
        and _LAST_DIGITS.search(_bare(parted)) is None
        and not named_like_card_data(name)
    )


class CardColumns:
    """Looks at values column by column: a long number passes Luhn one time in ten, by chance.

    Raises FileRefused from the start where a column is named like card data.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names: list[str] = []
        self._filled: list[int] = []
        self._like_cards: list[int] = []
        # By place: how many values there are, and how many look like CVCs.
        self._cids: dict[int, tuple[int, int]] = {}
        for name in names:
            refuse_by_name(name)
            self._add(name)

    @property
    def any_cid(self) -> bool:
        """Whether there is a column whose every value is to be seen."""
        return bool(self._cids)

    def add_cid(self, name: str) -> None:
        """Look at a further column, that is `named_cid`. Raises FileRefused at too many."""
        if name in self.names:
            return
        if len(self._cids) >= _MOST_CIDS:
            raise _named_like_card_data(name)
        self._add(name)

    @staticmethod
    def worth_a_look(text: str) -> bool:
        """Whether the text of many rows holds so many digits in a row at all."""
        return may_hold_number(text)

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
        self.see_cids(values)

    def see_cids(self, values: Sequence[Any]) -> None:
        """Count a row that is not worth a look, for the columns whose every value is to be seen."""
        for place, (filled, like) in self._cids.items():
            value = values[place] if place < len(values) else None
            if value is not None and not (isinstance(value, str) and not value.strip()):
                self._cids[place] = filled + 1, like + _looks_like_a_cvc(value)

    def refuse(self, *, whole: bool = True) -> None:
        """Raise FileRefused where most values of a column look like card numbers, or CVCs.

        Not `whole` where rows are still to come: where customers' ids are counted from 1, the first
        ones have as many digits as a CVC.
        """
        for name, filled, like in zip(self.names, self._filled, self._like_cards, strict=True):
            if like * 2 > filled:
                raise FileRefused("card_data_column", Reason.HOLDS_CARD_NUMBERS, column=shown(name))
        for place, (filled, like) in self._cids.items():
            if whole and like * 2 > filled:
                name = shown(self.names[place])
                raise FileRefused("card_data_column", Reason.HOLDS_CVCS, column=name)

    def _add(self, name: str) -> None:
        if named_cid(name):
            self._cids[len(self.names)] = 0, 0
        self.names.append(name)
        self._filled.append(0)
        self._like_cards.append(0)


def refuse_by_name(name: str) -> None:
    """Raise FileRefused where the name is one of card data."""
    if named_like_card_data(name) or looks_like_card_number(name):
        raise _named_like_card_data(name)


def shown(name: str) -> str:
    """A column's or file's name fit to be printed: short, without card numbers and tokens.

    The first line of a file without a header is taken for names.
    """
    text = redact("".join(c for c in name if c.isprintable())[:_SHOWN])
    return "***" if looks_like_card_number(text) else text


def _parted(name: str) -> str:
    return _CAMEL.sub("_", name).lower()


def _bare(parted: str) -> str:
    return re.sub(r"[^a-z0-9]", "", parted.replace("ó", "o").replace("ú", "u"))


def _named_like_card_data(name: str) -> FileRefused:
    return FileRefused("card_data_column", Reason.NAMED_LIKE_CARD_DATA, column=shown(name))


def _looks_like_a_card(value: Any) -> bool:
    if isinstance(value, str):
        return looks_like_card_number(value[:_LOOKED_AT])
    if isinstance(value, (Mapping, list)):
        return find_card_data(_without_ids(value)) is not None
    return isinstance(value, (int, float)) and find_card_data(value) is not None


def _looks_like_a_cvc(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return False
    # As a table of numbers with gaps is written, where whole ones become 123.0.
    return looks_like_cvc(str(value)[:_LOOKED_AT].strip().removesuffix(".0"))


def _without_ids(value: Any) -> Any:
    """What JSON holds within a column, without the names of what may be customers' ids."""
    if isinstance(value, Mapping):
        named, unnamed = {}, []
        for name, inner in value.items():
            if named_cid(name) and not _looks_like_a_cvc(inner):
                unnamed.append(_without_ids(inner))
            else:
                named[name] = _without_ids(inner)
        return [named, unnamed]
    return [_without_ids(inner) for inner in value] if isinstance(value, list) else value
