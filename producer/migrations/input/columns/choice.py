"""Which column is meant, where the contract's names are not used: by names, then by what they hold.

One that fits by its name is taken where no second one does. Values decide between two only where
the one holds such ids and the other, as far as was looked, none at all.
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
    """The column that is meant; None where none is, or where it is one of `possible`."""

    column: str | None = None
    possible: tuple[str, ...] = ()
    token: bool = False  # of the column: it holds what is to be attached, not made the default


class Columns:
    """A file's columns, but for those that mean something already."""

    def __init__(self, source: InputFile, taken: Iterable[str]) -> None:
        used = set(taken)
        self._columns = [name for name in dict.fromkeys(source.columns) if name not in used]
        held = dict(zip(source.columns, source.samples.kinds, strict=False))
        self._kinds = {name: held.get(name) for name in self._columns}
        self._whole = source.samples.whole
        self._empty = self._whole and not source.samples.rows

    def customer(self) -> Choice:
        """The customer's column."""
        named = self._named(names.CUSTOMERS)
        if named:
            return self._one_of(named, CUSTOMER_IDS)
        ids = self._named(names.IDS)
        fits = [one for one in ids if self._empty or self.holds_only(one, CUSTOMER_IDS)]
        return self._one_of(fits, CUSTOMER_IDS)

    def object(self, *, tokens: bool) -> Choice:
        """The column of the card or token; with `tokens` it is to be attached."""
        if not tokens:
            default = self._one_of(self._named(names.DEFAULTS), kinds.CARDS)
            other = self._one_of(self._cards(), OBJECT_IDS)
            if default.column is None and not default.possible:
                return self._with_token(other)
            if default.column is None or self._any(default.column, kinds.CARDS):
                return default
            # It is called the default's, and no card stands there.
            if other.column is not None and self._any(other.column, OBJECT_IDS):
                sure = self._none(default.column, kinds.CARDS)
                both = (default.column, other.column)
                return self._with_token(other) if sure else Choice(possible=both)
            return default
        some = self._cards() or self._named(names.DEFAULTS)
        return self._one_of(some, OBJECT_IDS)

    def hold(self, wanted: frozenset[str]) -> list[str]:
        """Columns, whatever they are called, that hold nothing but such ids."""
        return [one for one in self._columns if self.holds_only(one, wanted)]

    def holds_only(self, column: str, wanted: frozenset[str]) -> bool:
        """Whether it holds such ids, and nothing else."""
        held = self._kinds[column]
        return bool(held) and held is not None and held <= wanted

    def _cards(self) -> list[str]:
        found = self._named(names.CARDS | names.TOKENS)
        if found:
            return found
        return [one for one in self._named(names.IDS) if self.holds_only(one, kinds.CARDS)]

    def _with_token(self, choice: Choice) -> Choice:
        """A choice that says whether its column is one of what is to be attached."""
        if choice.column is None:
            return choice
        held = self._kinds[choice.column] or frozenset()
        name = bare(choice.column)
        # By the contract `source` is what is attached, which a `card_` cannot be.
        attached = name == "source" and held.isdisjoint({"card", kinds.BANK})
        token = name in names.TOKENS or attached or (bool(held) and held <= _TOKEN)
        return Choice(choice.column, (), token)

    def _named(self, known: frozenset[str]) -> list[str]:
        return [one for one in self._columns if bare(one) in known]

    def _one_of(self, some: list[str], wanted: frozenset[str]) -> Choice:
        if len(some) < 2:
            return Choice(some[0] if some else None)
        fitting = [one for one in some if self._any(one, wanted)]
        others = [one for one in some if one not in fitting]
        if len(fitting) == 1 and all(self._none(one, wanted) for one in others):
            return Choice(fitting[0])
        return Choice(possible=tuple(fitting if len(fitting) > 1 else some))

    def _any(self, column: str, wanted: frozenset[str]) -> bool:
        return bool((self._kinds[column] or frozenset()) & wanted)

    def _none(self, column: str, wanted: frozenset[str]) -> bool:
        """Whether no such id stands there: one that is empty so far may have them further on."""
        held = self._kinds[column]
        if held is None:
            return False
        return held.isdisjoint(wanted) if held else self._whole
