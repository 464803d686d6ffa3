"""What people know a card by: brand, last four digits, expiry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple


class CardDetails(NamedTuple):
    """As texts; "" where it is not known."""

    brand: str = ""
    last4: str = ""
    exp_month: str = ""
    exp_year: str = ""

    @property
    def expiry(self) -> str:
        """`12/2030`; "" where it is not known."""
        return f"{self.exp_month}/{self.exp_year}" if self.exp_month and self.exp_year else ""

    @property
    def text(self) -> str:
        """`Visa 4242 12/2030`; "" where nothing is known."""
        return " ".join(part for part in (self.brand, self.last4, self.expiry) if part)

    def wire(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "brand": self.brand or None,
            "last4": self.last4 or None,
            "expiry": self.expiry or None,
        }


UNKNOWN = CardDetails()


class ShownCard(NamedTuple):
    """A customer's card as Stripe shows it now. `status` is that of a `src_`, else ""."""

    id: str
    face: CardDetails
    status: str = ""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> ShownCard:
        """From a worker's answer."""
        parts = (told.get(name) for name in ("brand", "last4", "exp_month", "exp_year"))
        face = CardDetails(*("" if part is None else str(part) for part in parts))
        return cls(str(told["id"]), face, str(told.get("status") or ""))

    def unusable(self, on: date) -> str:
        """Why Stripe would not charge it on that day, in a word; "" where nothing says so.

        A card is good to the end of the month that is printed on it.
        """
        if self.status not in ("", "chargeable"):
            return self.status
        try:
            until = int(self.face.exp_year), int(self.face.exp_month)
        except ValueError:
            return ""
        return "expired" if until < (on.year, on.month) else ""
