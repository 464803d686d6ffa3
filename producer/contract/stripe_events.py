"""An event of Stripe's about a customer's cards: what of it is of use here, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_ID = re.compile(r"[a-z]{2,20}_[A-Za-z0-9_]{1,234}")
_TYPE = re.compile(r"[a-z0-9_.]{1,100}")
_TYPES = frozenset({"customer.updated", "customer.deleted"})
_FAMILIES = ("customer.source.", "payment_method.")
_LONGEST_KEY = 255
_SLOTS = ("default_source", "default_payment_method")


@dataclass(frozen=True, slots=True)
class StripeEvent:
    """A change at Stripe. `created` is in seconds of Unix time; ids are "" where there is none.

    `object` is the customer, card or payment method that changed. `defaults` are those defaults
    that are other ones now, "" where there is none any more. `key` is the idempotency key of the
    request that made the change: anything at all where it is not ours.
    """

    id: str
    type: str
    created: int
    customer: str
    object: str
    request: str = ""
    key: str = field(default="", repr=False)
    defaults: Mapping[str, str] = field(default_factory=dict)

    @property
    def of_cards(self) -> bool:
        """Whether cards or a default changed, and not only, say, an address."""
        return self.type != "customer.updated" or bool(self.defaults)


def stripe_event(body: Mapping[str, Any]) -> StripeEvent | None:
    """The event of that body; None where it is none about a customer's cards.

    One of a connected account is none: its customers are not ours.
    """
    name, created, event = body.get("type"), body.get("created"), _id(body.get("id"))
    if not isinstance(name, str) or not _TYPE.fullmatch(name) or not event or body.get("account"):
        return None
    if name not in _TYPES and not name.startswith(_FAMILIES):
        return None
    data, request = _mapping(body.get("data")), _mapping(body.get("request"))
    now, before = _mapping(data.get("object")), _mapping(data.get("previous_attributes"))
    key = request.get("idempotency_key")
    of_customer = now.get("object") == "customer"
    return StripeEvent(
        id=event,
        type=name,
        created=created if isinstance(created, int) and 0 <= created < 1 << 40 else 0,
        # A payment method that was detached has none any more.
        customer=_id(
            now.get("id") if of_customer else now.get("customer") or before.get("customer")
        ),
        object=_id(now.get("id")),
        request=_id(request.get("id")),
        key=key if isinstance(key, str) and len(key) <= _LONGEST_KEY else "",
        defaults=_changed(now, before) if of_customer else {},
    )


def _changed(now: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, str]:
    settings = _mapping(now.get("invoice_settings")), _mapping(before.get("invoice_settings"))
    found = zip(_SLOTS, ((now, before), settings), strict=True)
    return {slot: _id(new.get(slot)) for slot, (new, old) in found if slot in old}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _id(value: Any) -> str:
    if isinstance(value, dict):  # expanded
        value = value.get("id")
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""
