"""The account behind `FakeGateway`: customers, cards, and Stripe's rules for them."""

from __future__ import annotations

import itertools
from typing import Any, TypeAlias

from producer.contract.card_data.redaction import redact
from worker.ports import Failure, StripeAnswer, StripeError, StripeResult

Json: TypeAlias = dict[str, Any]


def refusal(
    message: str, code: str | None = None, status: int = 400, type: str = "invalid_request_error"
) -> StripeError:
    """An error that Stripe answers."""
    return StripeError(Failure.ANSWERED, redact(message), status, type=type, code=code)


def missing(kind: str, id: str, status: int = 404) -> StripeError:
    """404 for an id in the path, mostly 400 for one in the body."""
    return refusal(f"No such {kind}: '{id}'", "resource_missing", status)


class FakeAccount:
    """What a test sets up, and the operations of Stripe's API, without keys or failures.

    Answers share their parts with the account: copy an answer before keeping it.
    """

    def __init__(self) -> None:
        self._customers: dict[str, Json] = {}
        self._sources: dict[str, list[Json]] = {}  # by customer, newest first as Stripe lists
        self._tokens: dict[str, Json | StripeError] = {}
        self._loose_sources: dict[str, Json] = {}
        self._methods: dict[str, Json] = {}
        self._detached: set[str] = set()
        self._subscriptions: dict[str, Json] = {}
        self.max_payment_methods = 500
        self._numbers = itertools.count(1)

    def add_customer(self, id: str, *, cards: tuple[str, ...] = ()) -> None:
        """A customer with these card ids, listed in this order, the first being the default."""
        self._customers[id] = {
            "id": id,
            "object": "customer",
            "created": 1733047200,
            "default_source": cards[0] if cards else None,
            "email": "john.doe@example.com",
            "invoice_settings": {"default_payment_method": None},
            "name": "John Doe",
            "phone": "+1234567890",
        }
        self._sources[id] = [_card(card, id) for card in cards]

    def delete_customer(self, id: str) -> None:
        """Stripe still answers for it, with nothing but `deleted: true`."""
        self._customers[id] = {"id": id, "object": "customer", "deleted": True}
        self._sources[id] = []

    def add_token(self, token: str, *, declined: StripeError | None = None) -> None:
        """A single-use `tok_`; every use of a `declined` one is refused so."""
        self._tokens[token] = declined or _card(f"card_{next(self._numbers)}", None)

    def add_source(self, id: str) -> None:
        """A `src_` of type card, not attached yet."""
        self._loose_sources[id] = {
            "id": id,
            "object": "source",
            "type": "card",
            "card": {"brand": "Visa", "last4": "4242", "exp_month": 12, "exp_year": 2034},
            "client_secret": f"{id}_secret",
            "customer": None,
            "metadata": {},
        }

    def add_payment_method(self, id: str, *, customer: str | None = None) -> None:
        """A `pm_` of type card, attached if a customer is given."""
        self._methods[id] = _payment_method(id, customer)

    def add_subscription(self, id: str, customer: str, **defaults: str) -> None:
        """A subscription with these defaults: `default_payment_method`, `default_source`."""
        own = {"default_payment_method": None, "default_source": None, **defaults}
        named = {"id": id, "object": "subscription", "customer": customer, "status": "active"}
        self._subscriptions[id] = {**named, **own}

    def detach_payment_method(self, id: str) -> None:
        """Detach it; it can never be attached again."""
        self._methods[id]["customer"] = None
        self._detached.add(id)

    def customer(self, id: str) -> StripeResult:
        """The customer, with the first ten sources as Stripe expands them."""
        body = self._customers.get(id)
        if body is None:
            return missing("customer", id)
        if body.get("deleted"):
            return StripeAnswer(body)
        page = self._sources[id][:10]
        more = len(self._sources[id]) > len(page)
        return StripeAnswer({**body, "sources": {"object": "list", "data": page, "has_more": more}})

    def payment_method(self, id: str) -> StripeResult:
        """The payment method, attached or not."""
        body = self._methods.get(id)
        return missing("PaymentMethod", id) if body is None else StripeAnswer(body)

    def sources(self, customer: str) -> StripeResult:
        """All sources of the customer."""
        if not self._exists(customer):
            return missing("customer", customer)
        return StripeAnswer({"data": self._sources[customer]})

    def card_payment_methods(self, customer: str) -> StripeResult:
        """The payment methods, and the card sources in the same form, as Stripe lists them."""
        if not self._exists(customer):
            return missing("customer", customer)
        attached = [m for m in self._methods.values() if m["customer"] == customer]
        as_methods = [_payment_method(s["id"], customer) for s in self._sources[customer]]
        return StripeAnswer({"data": [*reversed(attached), *as_methods]})

    def subscriptions(self, customer: str) -> StripeResult:
        """The subscriptions of the customer, newest first."""
        if not self._exists(customer):
            return missing("customer", customer)
        ours = [sub for sub in self._subscriptions.values() if sub["customer"] == customer]
        return StripeAnswer({"data": ours[::-1]})

    def attach_source(self, customer: str, id: str, command_id: str) -> StripeResult:
        """Spend a token or attach a source; the customer's first becomes the default."""
        if not self._exists(customer):
            return missing("customer", customer)
        new = self._attachable_source(id) if id.startswith("src_") else self._unused_card(id)
        if isinstance(new, StripeError):
            return new
        new["metadata"] = {"command_id": command_id}
        new["customer"] = customer
        self._sources[customer].insert(0, new)
        if self._customers[customer]["default_source"] is None:
            self._customers[customer]["default_source"] = new["id"]
        return StripeAnswer(new)

    def attach_payment_method(self, customer: str, id: str) -> StripeResult:
        """Attach it, unless it is attached or ever was."""
        if not self._exists(customer):
            return missing("customer", customer)
        method = self._methods.get(id)
        if method is None:
            return missing("PaymentMethod", id)
        if method["customer"] is not None:
            return refusal(
                "The payment method you provided has already been attached to a customer."
            )
        if id in self._detached:
            return refusal(
                "This PaymentMethod was previously used without being attached to a Customer or "
                "was detached from a Customer, and may not be used again."
            )
        attached = [m for m in self._methods.values() if m["customer"] == customer]
        if len(attached) >= self.max_payment_methods:
            return refusal(
                f"Customer {customer} already has the maximum number of payment methods attached.",
                "customer_max_payment_methods",
            )
        method["customer"] = customer
        return StripeAnswer(method)

    def set_default_source(self, customer: str, id: str) -> StripeResult:
        """Make an attached source the default."""
        if not self._exists(customer):
            return missing("customer", customer)
        if id not in {source["id"] for source in self._sources[customer]}:
            return missing("source", id)
        self._customers[customer]["default_source"] = id
        return self.customer(customer)

    def set_default_payment_method(self, customer: str, id: str) -> StripeResult:
        """Make an attached payment method the default for invoices."""
        if not self._exists(customer):
            return missing("customer", customer)
        if self._methods.get(id, {}).get("customer") != customer:
            return missing("PaymentMethod", id, 400)
        self._customers[customer]["invoice_settings"] = {"default_payment_method": id}
        return self.customer(customer)

    def _exists(self, customer: str) -> bool:
        return not self._customers.get(customer, {"deleted": True}).get("deleted")

    def _attachable_source(self, id: str) -> Json | StripeError:
        source = self._loose_sources.get(id)
        if source is None:
            return missing("source", id, 400)
        if source["customer"] is not None:
            return refusal("The source you provided has already been attached to a customer.")
        return source

    def _unused_card(self, token: str) -> Json | StripeError:
        card = self._tokens.get(token)
        if card is None:
            return missing("token", token, 400)
        if not isinstance(card, StripeError) and card["customer"] is not None:
            return refusal(
                f"You cannot use a Stripe token more than once: {token}.", "token_already_used"
            )
        return card


def _card(id: str, customer: str | None) -> Json:
    return {
        "id": id,
        "object": "card",
        "brand": "Visa",
        "customer": customer,
        "exp_month": 12,
        "exp_year": 2034,
        "last4": "4242",
        "metadata": {},
    }


def _payment_method(id: str, customer: str | None) -> Json:
    return {
        "id": id,
        "object": "payment_method",
        "type": "card",
        "card": {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034},
        "customer": customer,
    }
