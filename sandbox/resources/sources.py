"""/v1/customers/:id/sources and /v1/sources."""

from __future__ import annotations

from sandbox.objects.account import Account
from sandbox.objects.cards import Card, CardFace, Source
from sandbox.objects.objects import Attached, Customer, Token
from sandbox.objects.views import below_data, held_view, list_view
from sandbox.protocol.calls import Call
from sandbox.protocol.errors import Json, StripeError, missing
from sandbox.protocol.forms import check_metadata, merged_metadata
from sandbox.resources import pages, tokens


def check(call: Call) -> None:
    """Raises StripeError 400 for parameters that Stripe's validation refuses."""
    source = call.params.get("source", "")
    if not isinstance(source, str):
        # A dictionary would be raw card details; the sandbox accepts only tokens.
        raise StripeError(400, "Invalid source: pass a token", param="source")
    if source == "":
        raise StripeError(
            400, "Missing required param: source.", code="parameter_missing", param="source"
        )
    check_metadata(call.params.get("metadata"))


def check_new(call: Call) -> None:
    """For POST /v1/sources: only cards, made from a token."""
    if call.text("type") != "card":
        raise StripeError(400, "The sandbox makes sources of type card only.", param="type")
    if not call.text("token"):
        raise StripeError(
            400, "Missing required param: token.", code="parameter_missing", param="token"
        )
    check_metadata(call.params.get("metadata"))


def resolved(account: Account, call: Call) -> Token | Source | CardFace:
    """The object that `source` names, ready to attach; a CardFace for a reusable test token.

    Raises StripeError: 400 for an unknown, used or attached one, 402 for a card that declines.
    """
    id = call.params["source"]
    if id.startswith("pm_"):
        raise StripeError(
            400,
            "You cannot use a PaymentMethod as a source for Customers. Instead, use the "
            "PaymentMethods API to Attach a Customer to a PaymentMethod. See "
            "https://stripe.com/docs/api/payment_methods/attach",
            param="source",
        )
    if id.startswith("src_"):
        source = account.source(id)
        if source is None:
            raise missing("source", id, "source", 400)
        if source.customer is not None:
            raise StripeError(
                400, "The source you provided has already been attached to a customer."
            )
        if source.status != "chargeable":
            raise StripeError(
                400,
                "The source you provided is not in a chargeable state.",
                param="source",
            )
        tokens.check_accepted(source.face)
        return source
    return tokens.usable(account, id, "source")


def attach(
    account: Account,
    call: Call,
    customer: Customer,
    what: Token | Source | CardFace,
    metadata: dict[str, str] | None = None,
) -> Attached:
    """Attaches what `resolved` found; a first source becomes the default."""
    new: Attached
    if isinstance(what, Source):
        new = what
        new.customer = customer.id
        new.metadata = merged_metadata(new.metadata, metadata)
    else:
        id = tokens.spend(account, what)
        face = what.face if isinstance(what, Token) else what
        new = Card(id, face, customer.id, account.now(), account.order(), metadata)
    customer.sources[new.id] = new
    account.record("source.created", call, new.id)
    if customer.default_source is None:
        customer.default_source = new.id
        account.record("default_source.implied", call, new.id)
    return new


def create(account: Account, call: Call) -> Json:
    customer = account.existing_customer(call.ids[0], "customer")
    metadata = merged_metadata(None, call.params.get("metadata"))
    new = attach(account, call, customer, resolved(account, call), metadata)
    return held_view(account, new, call.expand)


def listed(account: Account, call: Call) -> Json:
    """Newest first, like Stripe's other lists; its docs do not give the order of sources."""
    customer = account.existing_customer(call.ids[0], "customer")
    kind = {"card": Card, "source": Source}.get(call.text("object") or "")
    found = [
        each
        for each in reversed(customer.sources.values())
        if "object" not in call.params or (kind is not None and isinstance(each, kind))
    ]
    data, more = pages.page(found, call, "source")
    expand = below_data(call.expand)
    return list_view((held_view(account, each, expand) for each in data), more, call.path)


def retrieve(account: Account, call: Call) -> Json:
    customer = account.existing_customer(call.ids[0], "customer")
    return held_view(account, _of(customer, call.ids[1]), call.expand)


def delete(account: Account, call: Call) -> Json:
    """A card is deleted; a source is detached and cannot be used again."""
    customer = account.existing_customer(call.ids[0], "customer")
    gone = _of(customer, call.ids[1])
    remove(account, call, customer, gone.id)
    if isinstance(gone, Source):
        return gone.shown()
    return {"id": gone.id, "object": "card", "deleted": True}


def remove(account: Account, call: Call, customer: Customer, id: str) -> None:
    """Stripe docs: api/cards/delete: the most recently added source becomes the new default."""
    gone = customer.sources.pop(id)
    gone.customer = None
    if isinstance(gone, Source):
        gone.status = "consumed"
    account.record("source.deleted", call, id)
    if customer.default_payment_method == id:
        customer.default_payment_method = None
    account.forget_default(id)
    if customer.default_source == id:
        customer.default_source = next(reversed(customer.sources), None)
        if customer.default_source is not None:
            account.record("default_source.implied", call, customer.default_source)


def create_source(account: Account, call: Call) -> Json:
    what = tokens.usable(account, call.params["token"], "token")
    tokens.spend(account, what)
    face = what.face if isinstance(what, Token) else what
    source = Source(account.ids.new("src"), face, None, account.now(), account.order())
    source.metadata = merged_metadata(None, call.params.get("metadata"))
    account.sources[source.id] = source
    return source.shown()


def retrieve_source(account: Account, call: Call) -> Json:
    source = account.source(call.ids[0])
    if source is None:
        raise missing("source", call.ids[0], "source")
    return source.shown()


def _of(customer: Customer, id: str) -> Attached:
    source = customer.sources.get(id)
    if source is None:
        raise missing("source", id, "id")
    return source
