"""Rejects files with columns of card numbers or CVCs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from producer.contract.card_data.card_numbers import find_card_data, looks_like_card_number
from producer.contract.card_data.digit_spellings import may_hold_number
from producer.contract.card_data.redaction import redact
from producer.migrations.errors import FileRefused
from producer.migrations.input.card_data.card_column_names import (
    is_cvc,
    is_outcome,
    named_cid,
    named_like_check,
    named_like_cvcs,
    named_like_number,
)
from producer.migrations.input.card_data.nested_card_data import Found, look_within, may_hold_cvc
from producer.migrations.input.values.trimming import trimmed
from producer.migrations.texts.reasons import Reason

# JSON records may each have other columns.
_MOST_WATCHED = 100
_CHECKED = 1_000  # characters of a value
_SHOWN = 80  # characters of a name


def judged_by_values(name: str) -> bool:
    """Whether only all values of a column of this name tell whether it holds CVCs."""
    return named_cid(name) or named_like_cvcs(name)


class CardColumns:
    """Judges whole columns, since one long number in ten passes Luhn by chance.

    Raises FileRefused at once if a column is named like card numbers. A column that is named like
    CVCs passes only if all its values are results of CVC checks.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names: list[str] = []
        self._filled: list[int] = []
        self._like_cards: list[int] = []
        # By position: the number of values, and of values that look like CVCs.
        self._cids: dict[int, tuple[int, int]] = {}
        # By position: whether the result of a check was found.
        self._checks: dict[int, bool] = {}
        self._cvc_within: str | None = None
        for name in names:
            refuse_by_name(name)
            self._add(name)

    @property
    def watches(self) -> bool:
        """Whether there is a column that is judged by all its values."""
        return bool(self._cids or self._checks)

    @property
    def checks(self) -> list[str]:
        """Columns of results of CVC checks."""
        return [self.names[place] for place in self._checks]

    def add(self, name: str) -> None:
        """Add a column that is `judged_by_values`. Raises FileRefused if there are too many."""
        if name in self.names:
            return
        if len(self._cids) + len(self._checks) >= _MOST_WATCHED:
            raise _named_like_card_data(name)
        self._add(name)

    @staticmethod
    def may_hold_card_data(text: str) -> bool:
        """Whether the text of many rows has enough digits in sequence for a card number."""
        return may_hold_number(text)

    @staticmethod
    def json_may_hold_card_data(text: str) -> bool:
        """As `may_hold_card_data` for JSON, where a column may contain a CVC member."""
        return may_hold_number(text) or may_hold_cvc(text)

    def check(self, values: Sequence[Any], *, thorough: bool = True) -> None:
        """Check a row's values, apart from those beyond the named columns.

        `thorough` is False if the row's text holds no card data. Raises FileRefused as
        `check_watched`.
        """
        for place, value in enumerate(values[: len(self.names)]):
            if value is None or value == "":
                continue
            self._filled[place] += 1
            if thorough and self._looks_like_a_card(value, place):
                self._like_cards[place] += 1
        self.check_watched(values)

    def check_watched(self, values: Sequence[Any]) -> None:
        """Check a row's values only in columns that are judged by all their values.

        Raises:
            FileRefused: a column that is named like CVCs holds something other than check results.
        """
        for place, (filled, like) in self._cids.items():
            value = values[place] if place < len(values) else None
            if value is not None and not (isinstance(value, str) and not value.strip()):
                self._cids[place] = filled + 1, like + is_cvc(value)
        if self._checks and len(values) == len(self.names):  # else the row's columns are shifted
            for place in self._checks:
                self._checks[place] |= _outcome(self.names[place], values[place])

    def refuse(self, *, whole: bool = True) -> None:
        """Raise FileRefused if most values of a column look like card numbers or CVCs.

        `whole` is False if more rows follow: customers' ids counted from 1 start with as many
        digits as a CVC.
        """
        for name, filled, like in zip(self.names, self._filled, self._like_cards, strict=True):
            if like * 2 > filled:
                raise FileRefused("card_data_column", Reason.HOLDS_CARD_NUMBERS, column=shown(name))
        if self._cvc_within is not None:
            name = shown(self._cvc_within)
            raise FileRefused("card_data_column", Reason.HOLDS_CVC_WITHIN, column=name)
        for place, (filled, like) in self._cids.items():
            if whole and like * 2 > filled:
                name = shown(self.names[place])
                raise FileRefused("card_data_column", Reason.HOLDS_CVCS, column=name)
        for place, outcome in self._checks.items():
            if not outcome and not named_like_check(self.names[place]):
                raise _named_like_card_data(self.names[place])

    def _add(self, name: str) -> None:
        if named_cid(name):
            self._cids[len(self.names)] = 0, 0
        elif named_like_cvcs(name):
            self._checks[len(self.names)] = False
        self.names.append(name)
        self._filled.append(0)
        self._like_cards.append(0)

    def _looks_like_a_card(self, value: Any, place: int) -> bool:
        if isinstance(value, str):
            return looks_like_card_number(value[:_CHECKED])
        if isinstance(value, (dict, list)):
            found = look_within(value)
            if found is Found.CVC:
                self._cvc_within = self.names[place]
            return found is Found.LIKE_CARD
        return isinstance(value, (int, float)) and find_card_data(value) is not None


def refuse_by_name(name: str, value: Any = None) -> None:
    """Raise FileRefused if the name, or name and first value together, are of card data."""
    if named_like_number(name) or looks_like_card_number(name):
        raise _named_like_card_data(name)
    if named_like_cvcs(name):
        _outcome(name, value)


def shown(name: str) -> str:
    """A column's or file's name for display: short, without card numbers and tokens.

    A file without a header has values in place of names.
    """
    text = redact("".join(c for c in name if c.isprintable())[:_SHOWN])
    return "***" if looks_like_card_number(text) else text


def _outcome(name: str, value: Any) -> bool:
    """Whether a value is a check result; False if it is empty. Otherwise raises FileRefused."""
    if value is None or (isinstance(value, str) and not trimmed(value)):
        return False
    if is_outcome(value):
        return True
    raise _named_like_card_data(name)


def _named_like_card_data(name: str) -> FileRefused:
    return FileRefused("card_data_column", Reason.NAMED_LIKE_CARD_DATA, column=shown(name))
