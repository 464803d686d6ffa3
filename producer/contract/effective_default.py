"""Whether Stripe charges the default that a command set, or another default takes precedence.

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
"""The field's name in a status, and in the data of a migration's command."""
INVOICE_SETTINGS = "invoice_settings.default_payment_method"


@dataclass(frozen=True, slots=True)
class Shadow:
    """A default that takes precedence over the one that was set, and its card.

    `slot` is Stripe's name of the field: of the customer or, if `subscription` is not "", of that
    subscription.
    """

    slot: str
    card: str
    subscription: str = ""

    def __str__(self) -> str:
        of = f" of {self.subscription}" if self.subscription else ""
        return f"{self.slot}{of} is {self.card}, which comes first"

    def wire(self) -> dict[str, str]:
        """As JSON; with `subscription` only if it is the default of one."""
        fields = {"slot": self.slot, "card": self.card}
        return {**fields, "subscription": self.subscription} if self.subscription else fields


def shadow_of(slot: Slot | str, card: str, customer: Any) -> Shadow | None:
    """The default of the customer, as Stripe returns it, that takes precedence over that slot.

    None if there is none, or if it has the same card. Subscriptions are not considered.
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


def shadow_read(fields: Any) -> Shadow | None:
    """The inverse of `Shadow.wire`; None for anything else."""
    if not isinstance(fields, Mapping):
        return None
    slot, card, of = (fields.get(name, "") for name in ("slot", "card", "subscription"))
    valid = all(isinstance(value, str) for value in (slot, card, of)) and slot and card
    return Shadow(slot, card, of) if valid else None


def shadow_in_answer(slot: str, card: str, envelope: Mapping[str, Any] | None) -> Shadow | None:
    """What takes precedence over the card in that slot, according to the command's answer."""
    data = (envelope or {}).get("data")
    if not envelope or not envelope.get("status") or not isinstance(data, Mapping):
        return None
    # The answer of a migration's command contains the shadow instead of the customer.
    return shadow_read(data.get(SHADOWED_BY)) or shadow_of(slot, card, data)
