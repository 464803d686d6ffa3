"""/v1/customers."""

from __future__ import annotations

from sandbox.objects.account import Account
from sandbox.objects.objects import Customer
from sandbox.objects.views import below_data, customer_view, list_view
from sandbox.protocol.calls import Call
from sandbox.protocol.errors import Json, StripeError, missing
from sandbox.protocol.forms import check_metadata, merged_metadata
from sandbox.resources import pages, payment_methods, sources

# The longest values that Stripe's OpenAPI description allows.
_LONGEST = {"email": 512, "name": 256, "phone": 20, "description": 5000, "default_source": 500}
_DETAILS = ("email", "name", "phone", "description")


def check(call: Call) -> None:
    """Raises StripeError 400 for parameters that Stripe's validation refuses."""
    for name, longest in _LONGEST.items():
        value = call.params.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise StripeError(400, "Invalid string", code="parameter_invalid", param=name)
        if len(value) > longest:
            raise StripeError(
                400,
                f"Invalid string: must be at most {longest} characters",
                code="parameter_invalid_string_length",
                param=name,
            )
    email = call.params.get("email")
    if email and "@" not in email:
        raise StripeError(400, "Invalid email address", code="email_invalid", param="email")
    for name in ("default_source", "source"):
        if call.params.get(name) == "":
            raise StripeError(
                400,
                f"You passed an empty string for '{name}'. We assume empty values are an attempt "
                f"to unset a parameter; however '{name}' cannot be unset.",
                code="parameter_invalid_empty",
                param=name,
            )
        if not isinstance(call.params.get(name, ""), str):
            raise StripeError(400, "Invalid string", code="parameter_invalid", param=name)
    settings = call.params.get("invoice_settings", {})
    if not isinstance(settings, dict):
        raise StripeError(400, "Invalid hash", code="parameter_invalid", param="invoice_settings")
    for name, value in settings.items():
        if name != "default_payment_method" or not isinstance(value, str):
            raise StripeError(
                400,
                f"Received unknown parameter: invoice_settings[{name}]",
                code="parameter_unknown",
                param=f"invoice_settings[{name}]",
            )
    check_metadata(call.params.get("metadata"))


def create(account: Account, call: Call) -> Json:
    customer = Customer(account.ids.short("cus"), account.now())
    call.customer = customer.id
    attaching = sources.resolved(account, call) if "source" in call.params else None
    _set_details(customer, call)
    method = call.text("payment_method")
    held = account.payment_method(method) if method is not None else None
    if method is not None:
        if held is None:
            raise missing("PaymentMethod", method, "payment_method", 400)
        payment_methods.check_attachable(held)
    default = _default_payment_method(call)
    if default and (held is None or default not in (method, held.id)):
        raise _not_attached(default)
    account.customers[customer.id] = customer
    account.record("customer.created", call, customer.id)
    if held is not None:
        held.customer = customer.id
        customer.payment_methods[held.id] = held
        account.record("payment_method.attached", call, held.id)
        if default:
            customer.default_payment_method = held.id
            account.record("default_payment_method.set", call, held.id)
    if attaching is not None:
        sources.attach(account, call, customer, attaching)
    return customer_view(customer, call.expand)


def retrieve(account: Account, call: Call) -> Json:
    customer = account.customer(call.ids[0])
    if customer is None:
        raise missing("customer", call.ids[0], "id")
    if customer.deleted:
        return _deleted(customer)
    return customer_view(customer, call.expand)


def update(account: Account, call: Call) -> Json:
    """Update all or nothing: everything is checked before anything changes."""
    customer = account.existing_customer(call.ids[0])
    default_source = call.text("default_source")
    if default_source is not None and default_source not in customer.sources:
        raise missing("source", default_source, "default_source")
    method = _default_payment_method(call)
    if method and customer.held(method) is None:
        known = method.startswith("pm_") and account.payment_method(method) is not None
        if known:
            raise _not_attached(method)
        raise missing("PaymentMethod", method, "invoice_settings[default_payment_method]", 400)
    attaching = sources.resolved(account, call) if "source" in call.params else None
    if _set_details(customer, call):
        account.record("customer.updated", call, customer.id)
    if attaching is not None:
        replaced = customer.default_source
        new = sources.attach(account, call, customer, attaching)
        if replaced is not None:
            customer.default_source = new.id
            account.record("default_source.set", call, new.id)
            sources.remove(account, call, customer, replaced)
    if default_source is not None:
        customer.default_source = default_source
        account.record("default_source.set", call, default_source)
    if method is not None:
        customer.default_payment_method = method or None
        kind = "default_payment_method.set" if method else "default_payment_method.unset"
        account.record(kind, call, method or customer.id)
    return customer_view(customer, call.expand)


def delete(account: Account, call: Call) -> Json:
    customer = account.existing_customer(call.ids[0])
    for held in customer.payment_methods.values():
        held.customer = None
        held.detached = True
    for source in customer.sources.values():
        source.customer = None
    for subscription in account.subscriptions.values():
        if subscription.customer == customer.id:
            subscription.status = "canceled"
    customer.sources.clear()
    customer.payment_methods.clear()
    customer.default_source = customer.default_payment_method = None
    customer.deleted = True
    account.record("customer.deleted", call, customer.id)
    return _deleted(customer)


def listed(account: Account, call: Call) -> Json:
    email = call.text("email")
    found = (
        each
        for each in reversed(account.customers.values())
        if not each.deleted and (email is None or each.email == email)
    )
    data, more = pages.page(found, call, "customer")
    expand = below_data(call.expand)
    return list_view((customer_view(each, expand) for each in data), more, "/v1/customers")


def _set_details(customer: Customer, call: Call) -> bool:
    """Set the plain fields; return whether the request named any."""
    named = False
    for name in _DETAILS:
        if name in call.params:
            setattr(customer, name, call.params[name] or None)
            named = True
    if "metadata" in call.params:
        customer.metadata = merged_metadata(customer.metadata, call.params["metadata"])
        named = True
    return named


def _default_payment_method(call: Call) -> str | None:
    """The parameter's value: None if absent, "" to unset."""
    settings = call.params.get("invoice_settings")
    value = settings.get("default_payment_method") if isinstance(settings, dict) else None
    return value if isinstance(value, str) else None


def _not_attached(method: str) -> StripeError:
    return StripeError(
        400,
        f"The customer does not have a payment method with the ID {method}. The payment method "
        "must be attached to the customer.",
        code="resource_missing",
        param="invoice_settings[default_payment_method]",
    )


def _deleted(customer: Customer) -> Json:
    return {"id": customer.id, "object": "customer", "deleted": True}
