"""What identifies a card to people: brand, last four digits, expiry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple


class CardDetails(NamedTuple):
    """Texts; "" is unknown."""

    brand: str = ""
    last4: str = ""
    exp_month: str = ""
    exp_year: str = ""

    @property
    def expiry(self) -> str:
        """`12/2030`; "" where unknown."""
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


class AttachedCard(NamedTuple):
    """A card attached to a customer at Stripe. `status` is that of a `src_`, else ""."""

    id: str
    details: CardDetails
    status: str = ""

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> AttachedCard:
        """From a worker's answer."""
        parts = (answer.get(name) for name in ("brand", "last4", "exp_month", "exp_year"))
        details = CardDetails(*("" if part is None else str(part) for part in parts))
        return cls(str(answer["id"]), details, str(answer.get("status") or ""))

    def unusable(self, on: date) -> str:
        """Why Stripe would not charge the card on that day, in a word; "" if no reason is known.

        A card is valid until the end of its expiry month.
        """
        if self.status not in ("", "chargeable"):
            return self.status
        try:
            until = int(self.details.exp_year), int(self.details.exp_month)
        except ValueError:
            return ""
        return "expired" if until < (on.year, on.month) else ""
