"""Columns that describe a customer's cards: their origin, and what is printed on them."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from producer.migrations.input.values.column_names import bare
from producer.migrations.model.rows import WasDefault

# Column names of a joined file; the first four are Stripe's.
NEW_CUSTOMER, NEW_SOURCE = "customer_id_new", "source_id_new"
OLD_CUSTOMER, OLD_SOURCE = "customer_id_old", "source_id_old"
WAS_DEFAULT = "was_default"
DETAIL_COLUMNS = ("brand", "last4", "exp_month", "exp_year")
_ANSWERS = {
    **dict.fromkeys(("yes", "y", "true", "t", "1", "si", "sí"), WasDefault.YES),
    **dict.fromkeys(("no", "n", "false", "f", "0"), WasDefault.NO),
    WasDefault.BOTH.value: WasDefault.BOTH,
}


@dataclass(frozen=True, slots=True)
class CopyColumns:
    """Names of a file's columns; "" if it lacks one. `details` has the order of DETAIL_COLUMNS.

    Without `customer` and `source` all cards are of one account.
    """

    customer: str = ""
    source: str = ""
    was_default: str = ""
    details: tuple[str, ...] = ("", "", "", "")

    @property
    def between_accounts(self) -> bool:
        """Whether the file names the cards' origin."""
        return bool(self.customer or self.source)

    @property
    def names(self) -> list[str]:
        """The names of existing columns."""
        return [
            name for name in (self.customer, self.source, self.was_default, *self.details) if name
        ]

    def wire(self) -> dict[str, Any]:
        """For JSON. Names and order are part of the digests of joined files."""
        return {
            "customer": self.customer,
            "source": self.source,
            "was_default": self.was_default,
            "face": list(self.details),
        }

    @classmethod
    def of(cls, stored: AnyMapping[str, Any] | None) -> Self | None:
        """From `wire`."""
        if not stored:
            return None
        details = tuple(stored["face"])
        return cls(stored["customer"], stored["source"], stored["was_default"], details)


def copy_columns(columns: Sequence[str], customer: str, card: str) -> CopyColumns | None:
    """The columns of a copy between accounts, with its columns of customers and cards.

    None if the file is no such copy.
    """
    if (bare(customer), bare(card)) != (bare(NEW_CUSTOMER), bare(NEW_SOURCE)):
        return None
    by_name = _by_name(columns)
    customer, source, default = (
        by_name.get(bare(name), "") for name in (OLD_CUSTOMER, OLD_SOURCE, WAS_DEFAULT)
    )
    found = CopyColumns(customer, source, default, detail_columns(columns))
    return found if found.between_accounts else None


def cards_of_customers(columns: Sequence[str]) -> CopyColumns:
    """The columns of a file of one account's cards, which have no origin."""
    default = _by_name(columns).get(bare(WAS_DEFAULT), "")
    return CopyColumns(was_default=default, details=detail_columns(columns))


def detail_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """The columns of brand, last four digits and expiry, with or without `card_`; "" if missing."""
    by_name = _by_name(columns)
    return tuple(
        next((by_name[n] for n in _spellings(bare(name)) if n in by_name), "")
        for name in DETAIL_COLUMNS
    )


def read_was_default(value: Any) -> WasDefault:
    """The meaning of a cell of the column `was_default`."""
    if isinstance(value, bool):
        return WasDefault.YES if value else WasDefault.NO
    text = str(value).strip().casefold() if isinstance(value, (str, int)) else ""
    return _ANSWERS.get(text, WasDefault.NOT_SAID)


def _spellings(name: str) -> tuple[str, ...]:
    return name, f"card{name}", f"source{name}"


def _by_name(columns: Sequence[str]) -> dict[str, str]:
    """Columns by `bare` name; the first of equal ones."""
    return {bare(name): name for name in reversed(columns)}
