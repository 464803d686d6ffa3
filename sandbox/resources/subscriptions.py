"""/v1/subscriptions: only which card a subscription's invoices are charged to."""

from __future__ import annotations

from sandbox.objects.account import Account
from sandbox.objects.objects import Customer, Subscription
from sandbox.objects.views import list_view
from sandbox.protocol.calls import Call
from sandbox.protocol.errors import Json, StripeError, missing
from sandbox.resources import pages

_DEFAULTS = ("default_payment_method", "default_source")
_ENDED = "canceled"


def check(call: Call) -> None:
    """Raises StripeError 400 for parameters that Stripe's validation refuses."""
    for name in _DEFAULTS:
        if not isinstance(call.params.get(name, ""), str):
            raise StripeError(400, "Invalid string", code="parameter_invalid", param=name)


def check_new(call: Call) -> None:
    if not call.text("customer"):
        raise StripeError(
            400, "Missing required param: customer.", code="parameter_missing", param="customer"
        )
    check(call)


def create(account: Account, call: Call) -> Json:
    customer = account.existing_customer(call.params["customer"], "customer")
    defaults = _defaults(call, customer)
    new = Subscription(account.ids.new("sub"), customer.id, account.now(), account.order())
    _set(new, defaults)
    account.subscriptions[new.id] = new
    account.record("subscription.created", call, new.id)
    return new.shown()


def retrieve(account: Account, call: Call) -> Json:
    return _found(account, call).shown()


def update(account: Account, call: Call) -> Json:
    held = _found(account, call)
    if held.status == _ENDED:
        raise missing("subscription", held.id, "id")
    call.customer = held.customer
    _set(held, _defaults(call, account.customers[held.customer]))
    account.record("subscription.updated", call, held.id)
    return held.shown()


def cancel(account: Account, call: Call) -> Json:
    held = _found(account, call)
    if held.status == _ENDED:
        raise missing("subscription", held.id, "id")
    call.customer = held.customer
    held.status = _ENDED
    account.record("subscription.canceled", call, held.id)
    return held.shown()


def listed(account: Account, call: Call) -> Json:
    """Newest first; without `status`, all that are not cancelled."""
    customer, status = call.text("customer"), call.text("status")
    if customer is not None:
        account.existing_customer(customer, "customer")
    found = [
        each
        for each in reversed(account.subscriptions.values())
        if customer in (None, each.customer)
        and (status in ("all", each.status) or (status is None and each.status != _ENDED))
    ]
    data, more = pages.page(found, call, "subscription")
    return list_view((each.shown() for each in data), more, call.path)


def _defaults(call: Call, customer: Customer) -> dict[str, str | None]:
    """The defaults that the call names, checked; an empty one unsets."""
    found: dict[str, str | None] = {}
    for name in _DEFAULTS:
        value = call.text(name)
        if value is None:
            continue
        held = customer.held(value) if name == "default_payment_method" else None
        if value and held is None and value not in customer.sources:
            raise missing("PaymentMethod" if "method" in name else "source", value, name, 400)
        found[name] = value or None
    return found


def _set(held: Subscription, defaults: dict[str, str | None]) -> None:
    for name, value in defaults.items():
        setattr(held, name, value)


def _found(account: Account, call: Call) -> Subscription:
    held = account.subscriptions.get(call.ids[0])
    if held is None:
        raise missing("subscription", call.ids[0], "id")
    return held
