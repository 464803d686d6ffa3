"""Which of Stripe's events a call causes."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.objects.account import Account
from sandbox.objects.objects import Customer
from sandbox.objects.views import NOTHING, customer_view, held_view
from sandbox.protocol.api_version import API_VERSION
from sandbox.protocol.calls import Call
from sandbox.protocol.errors import Json

_TYPES = {
    "customer.created": "customer.created",
    "customer.deleted": "customer.deleted",
    "source.created": "customer.source.created",
    "source.deleted": "customer.source.deleted",
    "payment_method.attached": "payment_method.attached",
    "payment_method.detached": "payment_method.detached",
    "payment_method.updated": "payment_method.updated",
}


@dataclass(slots=True)
class Before:
    """A call's customer before the call, and what was attached to it."""

    customer: Json | None = None
    attached: dict[str, Json] = field(default_factory=dict)


def before(account: Account, call: Call) -> Before:
    """The present state of what the call may change."""
    customer = account.customer(_customer_of(account, call) or "")
    if customer is None:
        return Before()
    held = [*customer.sources.values(), *customer.payment_methods.values()]
    views = {each.id: held_view(account, each, NOTHING) for each in held}
    return Before(customer_view(customer, NOTHING), views)


def events(account: Account, call: Call, was: Before) -> list[Json]:
    """The events the call caused, in order; `was` is the state before the call."""
    found = [
        _event(account, call, _TYPES[kind], _object(account, kind, id, was), _left(kind, was))
        for kind, id in call.effects
        if kind in _TYPES
    ]
    customer = account.customers.get(call.customer or "")
    if customer is None or customer.deleted or was.customer is None:
        return found
    now = customer_view(customer, NOTHING)
    changed = _changed(was.customer, now)
    if changed:
        found.append(_event(account, call, "customer.updated", now, changed))
    return found


def _customer_of(account: Account, call: Call) -> str | None:
    if call.customer is None and call.path.startswith("/v1/payment_methods/"):
        held = account.payment_methods.get(call.ids[0]) or account.attached_source(call.ids[0])
        return held.customer if held is not None else None
    return call.customer


def _object(account: Account, kind: str, id: str, was: Before) -> Json:
    customer = account.customers.get(id)
    if customer is not None:
        return _deleted(customer) if customer.deleted else customer_view(customer, NOTHING)
    if kind in ("source.deleted", "payment_method.detached"):
        left = was.attached[id]
        return {**left, "customer": None} if kind == "payment_method.detached" else left
    held = account.payment_methods.get(id) or account.attached_source(id)
    return held_view(account, held, NOTHING) if held is not None else was.attached[id]


def _deleted(customer: Customer) -> Json:
    return {**customer_view(customer, NOTHING), "deleted": True}


def _left(kind: str, was: Before) -> Json | None:
    if kind == "payment_method.detached" and was.customer is not None:
        return {"customer": was.customer["id"]}
    return None


def _changed(was: Json, now: Json) -> Json:
    """The old values of what differs, at the same depth as Stripe's `previous_attributes`."""
    changed: Json = {}
    for name, value in now.items():
        old = was.get(name)
        if old == value:
            continue
        if isinstance(old, dict) and isinstance(value, dict):
            changed[name] = _changed(old, value)
        else:
            changed[name] = old
    return changed


def _event(account: Account, call: Call, type: str, object: Json, old: Json | None) -> Json:
    data: Json = {"object": object}
    if old is not None:
        data["previous_attributes"] = old
    return {
        "id": account.ids.new("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": account.now(),
        "data": data,
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": call.request_id, "idempotency_key": call.idempotency_key},
        "type": type,
    }
