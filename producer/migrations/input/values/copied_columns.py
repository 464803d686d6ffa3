"""The columns of a customer's cards that say more of each: where it came from, what is on it."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from producer.migrations.input.values.column_names import bare
from producer.migrations.model.rows import WasDefault

# What a file that several were joined into calls its columns; Stripe's names for the first four.
NEW_CUSTOMER, NEW_SOURCE = "customer_id_new", "source_id_new"
OLD_CUSTOMER, OLD_SOURCE = "customer_id_old", "source_id_old"
WAS_DEFAULT = "was_default"
DETAIL_COLUMNS = ("brand", "last4", "exp_month", "exp_year")
_WORDS = {
    **dict.fromkeys(("yes", "y", "true", "t", "1", "si", "sí"), WasDefault.YES),
    **dict.fromkeys(("no", "n", "false", "f", "0"), WasDefault.NO),
    WasDefault.BOTH.value: WasDefault.BOTH,
}


@dataclass(frozen=True, slots=True)
class CopyColumns:
    """Names of a file's columns; "" where it has none. `details`: in the order of DETAIL_COLUMNS.

    Without `customer` and `source` the cards are of one account.
    """

    customer: str = ""
    source: str = ""
    was_default: str = ""
    details: tuple[str, ...] = ("", "", "", "")

    @property
    def between_accounts(self) -> bool:
        """Whether it is said where the cards came from."""
        return bool(self.customer or self.source)

    @property
    def names(self) -> list[str]:
        """Those that there are."""
        return [
            name for name in (self.customer, self.source, self.was_default, *self.details) if name
        ]

    def wire(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "face": list(self.details)}

    @classmethod
    def of(cls, told: AnyMapping[str, Any] | None) -> Self | None:
        """From `wire`."""
        return cls(**{**told, "face": tuple(told["face"])}) if told else None


def copy_columns(columns: Sequence[str], customer: str, card: str) -> CopyColumns | None:
    """Those of a file whose customers and cards are in these columns; None where it is no copy."""
    if (bare(customer), bare(card)) != (bare(NEW_CUSTOMER), bare(NEW_SOURCE)):
        return None
    by_name = _by_name(columns)
    customer, source, default = (
        by_name.get(bare(name), "") for name in (OLD_CUSTOMER, OLD_SOURCE, WAS_DEFAULT)
    )
    found = CopyColumns(customer, source, default, detail_columns(columns))
    return found if found.between_accounts else None


def cards_of_customers(columns: Sequence[str]) -> CopyColumns:
    """Those of a file of one account's cards, which came from nowhere."""
    default = _by_name(columns).get(bare(WAS_DEFAULT), "")
    return CopyColumns(was_default=default, details=detail_columns(columns))


def detail_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """The columns of brand, last four digits and expiry, also as `card_brand`; "" for none."""
    by_name = _by_name(columns)
    return tuple(
        next((by_name[n] for n in _spellings(bare(name)) if n in by_name), "")
        for name in DETAIL_COLUMNS
    )


def said(value: Any) -> WasDefault:
    """What a cell of the column says."""
    if isinstance(value, bool):
        return WasDefault.YES if value else WasDefault.NO
    text = str(value).strip().casefold() if isinstance(value, (str, int)) else ""
    return _WORDS.get(text, WasDefault.NOT_SAID)


def _spellings(name: str) -> tuple[str, ...]:
    return name, f"card{name}", f"source{name}"


def _by_name(columns: Sequence[str]) -> dict[str, str]:
    """By `bare` names; of two that are the same, the first."""
    return {bare(name): name for name in reversed(columns)}
