"""Whether a default that was set is the card that is charged, or another default comes before it.

Stripe's order for a subscription's invoices: the subscription's `default_payment_method`, then its
`default_source`, then the customer's `invoice_settings.default_payment_method`, then the customer's
`default_source` (Stripe docs: api/subscriptions/object, `default_payment_method` and
`default_source`; docs/which-card.md quotes them).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from producer.contract.commands import Slot

SHADOWED_BY = "shadowedBy"
"""In a status, and in the data of a migration's command."""
INVOICE_SETTINGS = "invoice_settings.default_payment_method"


@dataclass(frozen=True, slots=True)
class Shadow:
    """A default that comes before the one that was set: which it is, and the card in it.

    `slot` is the field as Stripe names it, of the customer, or of `subscription` where that is not
    "".
    """

    slot: str
    card: str
    subscription: str = ""

    def __str__(self) -> str:
        of = f" of {self.subscription}" if self.subscription else ""
        return f"{self.slot}{of} is {self.card}, which comes first"

    def wire(self) -> dict[str, str]:
        """As JSON; `subscription` only where it is one's."""
        told = {"slot": self.slot, "card": self.card}
        return {**told, "subscription": self.subscription} if self.subscription else told


def shadow_of(slot: Slot | str, card: str, customer: Any) -> Shadow | None:
    """What of the customer, as Stripe returns it, comes before the card in that slot.

    None where nothing does, and where the same card is in both. Subscriptions are not looked at.
    """
    if slot != Slot.DEFAULT_SOURCE or not isinstance(customer, Mapping):
        return None
    settings = customer.get("invoice_settings")
    first = settings.get("default_payment_method") if isinstance(settings, Mapping) else None
    if isinstance(first, Mapping):  # expanded
        first = first.get("id")
    if not isinstance(first, str) or first in ("", card):
        return None
    return Shadow(INVOICE_SETTINGS, first)


def shadow_read(told: Any) -> Shadow | None:
    """Of what `wire` made; None of anything else."""
    if not isinstance(told, Mapping):
        return None
    slot, card, of = (told.get(name, "") for name in ("slot", "card", "subscription"))
    sound = all(isinstance(one, str) for one in (slot, card, of)) and slot and card
    return Shadow(slot, card, of) if sound else None


def shadow_told(slot: str, card: str, envelope: Mapping[str, Any] | None) -> Shadow | None:
    """What comes before the card in that slot, by the answer that was given."""
    data = (envelope or {}).get("data")
    if not envelope or not envelope.get("status") or not isinstance(data, Mapping):
        return None
    # Of a migration's command the answer is short, and says it.
    return shadow_read(data.get(SHADOWED_BY)) or shadow_of(slot, card, data)
