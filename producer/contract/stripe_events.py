"""Stripe events about a customer's cards, reduced to the fields that are used here.

A snapshot event (`object` is `event`) contains the object as it was then. A thin event
(`v2.core.event`) names the object and the path to read it at, but not what changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_ID = re.compile(r"[a-z]{2,20}_[A-Za-z0-9_]{1,234}")
_TYPE = re.compile(r"[a-z0-9_.]{1,100}")
_URL = re.compile(r"/v1/[A-Za-z0-9_/]{1,300}")
_TYPES = frozenset({"customer.updated", "customer.deleted"})
_FAMILIES = ("customer.source.", "payment_method.")
_THIN, _OF_V1 = "v2.core.event", "v1."
_LONGEST_KEY = 255
_SLOTS = ("default_source", "default_payment_method")


@dataclass(frozen=True, slots=True)
class StripeEvent:
    """A change at Stripe. `created` is a Unix time in seconds; a missing id is "".

    `object` is the customer, card or payment method that changed. `defaults` are the defaults that
    changed, with their new values; "" means there is none any more. `key` is the idempotency key of
    the request that made the change; it is arbitrary if the request was not ours. `read_at` is the
    path to read the object at; "" if the event contains the change.
    """

    id: str
    type: str
    created: int
    customer: str
    object: str
    request: str = ""
    key: str = field(default="", repr=False)
    defaults: Mapping[str, str] = field(default_factory=dict)
    read_at: str = ""

    @property
    def of_cards(self) -> bool:
        """Whether cards or a default changed, or may have, rather than only an address, say."""
        return self.type != "customer.updated" or bool(self.defaults)


def stripe_event(body: Mapping[str, Any], *, context: str = "") -> StripeEvent | None:
    """The event in a body; None if it is not about a card of one of our customers.

    `context` is the account of our customers; "" means the endpoint's own. Events of other
    accounts are ignored: their customers are not ours.
    """
    name, event = body.get("type"), _id(body.get("id"))
    if not isinstance(name, str) or not _TYPE.fullmatch(name) or not event:
        return None
    if not _of_ours(body, context):
        return None
    thin = body.get("object") == _THIN
    if thin and not name.startswith(_OF_V1):
        return None
    of = name.removeprefix(_OF_V1) if thin else name
    if of not in _TYPES and not of.startswith(_FAMILIES):
        return None
    return _thin(body, event, name) if thin else _snapshot(body, event, name)


def _of_ours(body: Mapping[str, Any], context: str) -> bool:
    """Whether the account it names, if any, is ours: the last account of the context."""
    named, account = body.get("context"), body.get("account")
    return named in (None, "", context) and account in (None, "", context.rpartition("/")[2])


def _snapshot(body: Mapping[str, Any], event: str, name: str) -> StripeEvent:
    data, request = _mapping(body.get("data")), _mapping(body.get("request"))
    now, before = _mapping(data.get("object")), _mapping(data.get("previous_attributes"))
    created = body.get("created")
    of_customer = now.get("object") == "customer"
    return StripeEvent(
        id=event,
        type=name,
        created=created if isinstance(created, int) and 0 <= created < 1 << 40 else 0,
        # A detached payment method has no customer any more.
        customer=_id(
            now.get("id") if of_customer else now.get("customer") or before.get("customer")
        ),
        object=_id(now.get("id")),
        request=_id(request.get("id")),
        key=_key(request),
        defaults=_changed(now, before) if of_customer else {},
    )


def _thin(body: Mapping[str, Any], event: str, name: str) -> StripeEvent | None:
    related = _mapping(body.get("related_object"))
    request = _mapping(_mapping(body.get("reason")).get("request"))
    changed, url = _id(related.get("id")), related.get("url")
    if not changed:
        return None
    return StripeEvent(
        id=event,
        type=name,
        created=_seconds(body.get("created")),
        customer=changed if related.get("type") == "customer" else "",
        object=changed,
        request=_id(request.get("id")),
        key=_key(request),
        read_at=url if isinstance(url, str) and _URL.fullmatch(url) else "",
    )


def _seconds(text: Any) -> int:
    """Unix time of an RFC 3339 text, as in thin events; 0 if it is not one."""
    try:
        at = datetime.fromisoformat(text)
        return max(int(at.timestamp()), 0) if at.tzinfo else 0
    except (TypeError, ValueError, OverflowError):
        return 0


def _changed(now: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, str]:
    settings = _mapping(now.get("invoice_settings")), _mapping(before.get("invoice_settings"))
    found = zip(_SLOTS, ((now, before), settings), strict=True)
    return {slot: _id(new.get(slot)) for slot, (new, old) in found if slot in old}


def _key(request: Mapping[str, Any]) -> str:
    key = request.get("idempotency_key")
    return key if isinstance(key, str) and len(key) <= _LONGEST_KEY else ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _id(value: Any) -> str:
    if isinstance(value, dict):  # expanded
        value = value.get("id")
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""
