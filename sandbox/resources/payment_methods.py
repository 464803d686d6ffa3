"""/v1/payment_methods and /v1/customers/:id/payment_methods."""

from __future__ import annotations

from sandbox.objects.account import Account
from sandbox.objects.cards import Card, PaymentMethod, Source
from sandbox.objects.objects import Token
from sandbox.objects.views import below_data, held_view, list_view
from sandbox.protocol.calls import Call
from sandbox.protocol.errors import Json, StripeError, missing
from sandbox.protocol.forms import check_metadata, merged_metadata
from sandbox.resources import pages, sources, tokens

Held = Card | Source | PaymentMethod


def check_new(call: Call) -> None:
    """Raises StripeError 400 for parameters that Stripe's validation refuses."""
    if call.text("type") != "card":
        raise StripeError(400, "The sandbox makes payment methods of type card only.", param="type")
    card = call.params.get("card")
    if not isinstance(card, dict):
        raise StripeError(
            400, "Missing required param: card.", code="parameter_missing", param="card"
        )
    if "number" in card:
        tokens.face_of(card)
    elif not isinstance(card.get("token"), str):
        raise StripeError(
            400, "Missing required param: card[token].", code="parameter_missing", param="card"
        )
    check_metadata(call.params.get("metadata"))


def check_attach(call: Call) -> None:
    if not call.text("customer"):
        raise StripeError(
            400, "Missing required param: customer.", code="parameter_missing", param="customer"
        )


def check_update(call: Call) -> None:
    check_metadata(call.params.get("metadata"))


def check_attachable(held: PaymentMethod) -> None:
    """Raises StripeError 400 for one attached or detached before, 402 for a card that declines."""
    if held.customer is not None:
        raise StripeError(
            400, "The payment method you provided has already been attached to a customer."
        )
    if held.detached:
        raise StripeError(
            400,
            "This PaymentMethod was previously used without being attached to a Customer or was "
            "detached from a Customer, and may not be used again.",
        )
    tokens.check_accepted(held.face)


def create(account: Account, call: Call) -> Json:
    card = call.params["card"]
    if "number" in card:
        face = tokens.face_of(card)
    else:
        what = tokens.usable(account, card["token"], "card[token]", attaching=False)
        tokens.spend(account, what)
        face = what.face if isinstance(what, Token) else what
    held = account.add_payment_method(face)
    held.metadata = merged_metadata(None, call.params.get("metadata"))
    account.record("payment_method.created", call, held.id)
    return held_view(account, held, call.expand)


def retrieve(account: Account, call: Call) -> Json:
    return held_view(account, _found(account, call.ids[0]), call.expand, as_method=True)


def update(account: Account, call: Call) -> Json:
    held = _found(account, call.ids[0])
    if held.customer is None:
        raise StripeError(
            400,
            "You must save this PaymentMethod to a customer before you can update it.",
            param="payment_method",
        )
    call.customer = held.customer
    held.metadata = merged_metadata(held.metadata, call.params.get("metadata"))
    account.record("payment_method.updated", call, held.id)
    return held_view(account, held, call.expand, as_method=True)


def attach(account: Account, call: Call) -> Json:
    """pm_card_visa and the like attach a new payment method with its own id."""
    customer = account.existing_customer(call.params["customer"], "customer")
    held = _found(account, call.ids[0])
    if not isinstance(held, PaymentMethod):
        raise StripeError(
            400, "The payment method you provided has already been attached to a customer."
        )
    check_attachable(held)
    most = account.config.max_payment_methods
    if len(customer.payment_methods) >= most:
        raise StripeError(
            400,
            f"Customer {customer.id} already has the maximum number of payment methods attached.",
            code="customer_max_payment_methods",
        )
    held.customer = customer.id
    customer.payment_methods[held.id] = held
    account.record("payment_method.attached", call, held.id)
    return held_view(account, held, call.expand)


def detach(account: Account, call: Call) -> Json:
    held = _found(account, call.ids[0])
    if held.customer is None:
        raise StripeError(
            400,
            "The payment method you provided is not attached to a customer so detachment is "
            "impossible.",
        )
    customer = account.customers[held.customer]
    call.customer = customer.id
    if isinstance(held, PaymentMethod):
        del customer.payment_methods[held.id]
        held.customer = None
        held.detached = True
        if customer.default_payment_method == held.id:
            customer.default_payment_method = None
        account.forget_default(held.id)
    else:
        sources.remove(account, call, customer, held.id)
    account.record("payment_method.detached", call, held.id)
    return held_view(account, held, call.expand, as_method=True)


def listed(account: Account, call: Call) -> Json:
    customer = call.text("customer")
    return _list(account, call, customer) if customer is not None else _empty(call)


def listed_of_customer(account: Account, call: Call) -> Json:
    return _list(account, call, call.ids[0])


def retrieve_of_customer(account: Account, call: Call) -> Json:
    customer = account.existing_customer(call.ids[0], "customer")
    held = customer.held(call.ids[1])
    if held is None:
        raise missing("PaymentMethod", call.ids[1], "payment_method")
    return held_view(account, held, call.expand, as_method=True)


def _list(account: Account, call: Call, id: str) -> Json:
    """The payment methods, and the card sources as payment methods, newest first."""
    customer = account.existing_customer(id, "customer")
    if call.text("type") not in (None, "card"):
        return _empty(call)
    every: list[Held] = [*customer.payment_methods.values(), *customer.sources.values()]
    every.sort(key=lambda each: (each.created, each.order), reverse=True)
    data, more = pages.page(every, call, "PaymentMethod")
    expand = below_data(call.expand)
    views = (held_view(account, each, expand, as_method=True) for each in data)
    return list_view(views, more, call.path)


def _empty(call: Call) -> Json:
    return list_view((), False, call.path)


def _found(account: Account, id: str) -> Held:
    held: Held | None = account.payment_method(id)
    if held is None and id.startswith(("card_", "src_")):
        held = account.attached_source(id)
    if held is None:
        raise missing("PaymentMethod", id, "payment_method")
    return held
