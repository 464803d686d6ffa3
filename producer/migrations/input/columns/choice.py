"""Chooses columns by usual names and by their values, in files without the contract's names.

A column is chosen if it is the only one with a fitting name. Values decide between two only if one
holds such ids and the other, in the sampled rows, none at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from producer.migrations.input.input_file import InputFile
from producer.migrations.input.values import column_names as names
from producer.migrations.input.values import id_kinds as kinds
from producer.migrations.input.values.column_names import bare

CUSTOMER_IDS = frozenset({kinds.CUSTOMER})
OBJECT_IDS = kinds.CARDS | {kinds.TOKEN}
_TOKEN = frozenset({kinds.TOKEN})


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen column; None if no column fits, or if several do: `possible`."""

    column: str | None = None
    possible: tuple[str, ...] = ()
    token: bool = False  # whether the column holds ids to attach, rather than defaults to set


class Columns:
    """A file's columns without those that already have a meaning."""

    def __init__(self, source: InputFile, taken: Iterable[str]) -> None:
        used = set(taken)
        self._columns = [name for name in dict.fromkeys(source.columns) if name not in used]
        kinds_of = dict(zip(source.columns, source.samples.kinds, strict=False))
        self._kinds = {name: kinds_of.get(name) for name in self._columns}
        self._whole = source.samples.whole
        self._empty = self._whole and not source.samples.rows

    def customer(self) -> Choice:
        """Choose the customer's column."""
        named = self._named(names.CUSTOMERS)
        if named:
            return self._one_of(named, CUSTOMER_IDS)
        ids = self._named(names.IDS)
        fits = [one for one in ids if self._empty or self.holds_only(one, CUSTOMER_IDS)]
        return self._one_of(fits, CUSTOMER_IDS)

    def object(self, *, tokens: bool) -> Choice:
        """Choose the column of the card or token; with `tokens`, of ids to attach."""
        if not tokens:
            default = self._one_of(self._named(names.DEFAULTS), kinds.CARDS)
            other = self._one_of(self._cards(), OBJECT_IDS)
            if default.column is None and not default.possible:
                return self._with_token(other)
            if default.column is None or self._any(default.column, kinds.CARDS):
                return default
            # The column is named like the default's, but holds no card.
            if other.column is not None and self._any(other.column, OBJECT_IDS):
                sure = self._none(default.column, kinds.CARDS)
                both = (default.column, other.column)
                return self._with_token(other) if sure else Choice(possible=both)
            return default
        return self._one_of(self._cards() or self._named(names.DEFAULTS), OBJECT_IDS)

    def hold(self, wanted: frozenset[str]) -> list[str]:
        """Columns of any name that hold only such ids."""
        return [one for one in self._columns if self.holds_only(one, wanted)]

    def holds_only(self, column: str, wanted: frozenset[str]) -> bool:
        """Whether the column holds such ids, and nothing else."""
        found = self._kinds[column]
        return bool(found) and found is not None and found <= wanted

    def _cards(self) -> list[str]:
        found = self._named(names.CARDS | names.TOKENS)
        if found:
            return found
        return [one for one in self._named(names.IDS) if self.holds_only(one, kinds.CARDS)]

    def _with_token(self, choice: Choice) -> Choice:
        """Complete a choice with whether its column holds ids to attach."""
        if choice.column is None:
            return choice
        found = self._kinds[choice.column] or frozenset()
        name = bare(choice.column)
        # The contract's `source` is attached, which a `card_` cannot be.
        attached = name == "source" and found.isdisjoint({"card", kinds.BANK})
        token = name in names.TOKENS or attached or (bool(found) and found <= _TOKEN)
        return Choice(choice.column, (), token)

    def _named(self, known: frozenset[str]) -> list[str]:
        return [one for one in self._columns if bare(one) in known]

    def _one_of(self, columns: list[str], wanted: frozenset[str]) -> Choice:
        if len(columns) < 2:
            return Choice(columns[0] if columns else None)
        fitting = [one for one in columns if self._any(one, wanted)]
        others = [one for one in columns if one not in fitting]
        if len(fitting) == 1 and all(self._none(one, wanted) for one in others):
            return Choice(fitting[0])
        return Choice(possible=tuple(fitting if len(fitting) > 1 else columns))

    def _any(self, column: str, wanted: frozenset[str]) -> bool:
        return bool((self._kinds[column] or frozenset()) & wanted)

    def _none(self, column: str, wanted: frozenset[str]) -> bool:
        """Whether the column holds no such id; an empty column may hold some in later rows."""
        found = self._kinds[column]
        if found is None:
            return False
        return found.isdisjoint(wanted) if found else self._whole
