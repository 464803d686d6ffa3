"""The columns of a copy between accounts that say where each card came from."""

from __future__ import annotations

import re
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from producer.migrations.rows import WasDefault

# What a file that several were joined into calls its columns; Stripe's names for the first four.
NEW_CUSTOMER, NEW_SOURCE = "customer_id_new", "source_id_new"
OLD_CUSTOMER, OLD_SOURCE = "customer_id_old", "source_id_old"
WAS_DEFAULT = "was_default"
FACE = ("brand", "last4", "exp_month", "exp_year")
_WORDS = {
    **dict.fromkeys(("yes", "y", "true", "t", "1", "si", "sí"), WasDefault.YES),
    **dict.fromkeys(("no", "n", "false", "f", "0"), WasDefault.NO),
    WasDefault.BOTH.value: WasDefault.BOTH,
}
_SEPARATORS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class CopyColumns:
    """Names of a file's columns; "" where it has none. `face`: in the order of FACE."""

    customer: str = ""
    source: str = ""
    was_default: str = ""
    face: tuple[str, ...] = ("", "", "", "")

    @property
    def names(self) -> list[str]:
        """Those that there are."""
        return [name for name in (self.customer, self.source, self.was_default, *self.face) if name]

    def wire(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "face": list(self.face)}

    @classmethod
    def of(cls, told: AnyMapping[str, Any] | None) -> Self | None:
        """From `wire`."""
        return cls(**{**told, "face": tuple(told["face"])}) if told else None


def copy_columns(columns: Sequence[str], customer: str, card: str) -> CopyColumns | None:
    """Those of a file whose customers and cards are in these columns; None where it is no copy."""
    by_name = {plain(name): name for name in reversed(columns)}
    if (plain(customer), plain(card)) != (NEW_CUSTOMER, NEW_SOURCE):
        return None
    return CopyColumns(
        by_name.get(OLD_CUSTOMER, ""),
        by_name.get(OLD_SOURCE, ""),
        by_name.get(WAS_DEFAULT, ""),
        face_columns(columns),
    )


def face_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """The columns of brand, last four digits and expiry, also as `card_brand`; "" for none."""
    by_name = {plain(name): name for name in reversed(columns)}
    return tuple(
        next((by_name[n] for n in (name, f"card_{name}", f"source_{name}") if n in by_name), "")
        for name in FACE
    )


def plain(name: str) -> str:
    """A column's name in small letters, its words parted by underscores."""
    return _SEPARATORS.sub("_", name.casefold()).strip("_")


def said(value: Any) -> WasDefault:
    """What a cell of the column says."""
    if isinstance(value, bool):
        return WasDefault.YES if value else WasDefault.NO
    text = str(value).strip().casefold() if isinstance(value, (str, int)) else ""
    return _WORDS.get(text, WasDefault.NOT_SAID)
