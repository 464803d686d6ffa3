"""The account: all objects of the sandbox."""

from __future__ import annotations

import time

from sandbox.control.config import Config
from sandbox.objects import brands
from sandbox.objects.auto_created import auto_customer
from sandbox.objects.cards import CardFace, PaymentMethod, Source
from sandbox.objects.effects import Effects
from sandbox.objects.objects import Attached, Customer, Subscription, Token
from sandbox.protocol.calls import Call
from sandbox.protocol.errors import missing
from sandbox.protocol.ids import Ids


class Account:
    """The objects by id. With `auto_create`, an unknown id is created when it is first read."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.ids = Ids()
        self.effects = Effects()
        self.customers: dict[str, Customer] = {}
        self.tokens: dict[str, Token] = {}
        self.sources: dict[str, Source] = {}
        self.payment_methods: dict[str, PaymentMethod] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self._order = 0

    def now(self) -> int:
        """Unix time by the sandbox's clock, which tests can move forward."""
        return int(time.time() + self.config.clock_offset)

    def order(self) -> int:
        self._order += 1
        return self._order

    def record(self, kind: str, call: Call, object: str) -> None:
        self.effects.add(kind, call, object, keep=self.config.keep_effects)
        call.effects.append((kind, object))

    def customer(self, id: str) -> Customer | None:
        """The customer, deleted or not; None if it never existed."""
        customer = self.customers.get(id)
        if customer is None and self.config.auto_create and id.startswith("cus_"):
            customer = auto_customer(id, self.config.auto_create_cards, self.order)
            self.customers[id] = customer
        return customer

    def existing_customer(self, id: str, param: str = "id") -> Customer:
        """Raises StripeError 404 for a customer that is unknown or deleted."""
        customer = self.customer(id)
        if customer is None or customer.deleted:
            raise missing("customer", id, param)
        return customer

    def attached_source(self, id: str) -> Attached | None:
        """An attached source by its id alone; rare, so there is no index."""
        return next(
            (each.sources[id] for each in self.customers.values() if id in each.sources), None
        )

    def forget_default(self, id: str) -> None:
        """Remove a card that has left its customer from the subscriptions' defaults."""
        for each in self.subscriptions.values():
            if each.default_payment_method == id:
                each.default_payment_method = None
            if each.default_source == id:
                each.default_source = None

    def token(self, id: str) -> Token | None:
        token = self.tokens.get(id)
        if token is None and self.config.auto_create and id.startswith("tok_"):
            token = Token(id, self.ids.new("card"), CardFace(brands.VISA), self.now())
            self.tokens[id] = token
        return token

    def source(self, id: str) -> Source | None:
        source = self.sources.get(id)
        if source is None and self.config.auto_create and id.startswith("src_"):
            source = Source(id, CardFace(brands.VISA), None, self.now(), self.order())
            self.sources[id] = source
        return source

    def payment_method(self, id: str) -> PaymentMethod | None:
        """The payment method; a test id such as pm_card_visa creates a new one, as at Stripe."""
        brand = brands.of_test_payment_method(id)
        if brand is not None:
            return self.add_payment_method(CardFace(brand))
        held = self.payment_methods.get(id)
        if held is None and self.config.auto_create and id.startswith("pm_"):
            held = self.add_payment_method(CardFace(brands.VISA), id)
        return held

    def add_payment_method(self, face: CardFace, id: str | None = None) -> PaymentMethod:
        id = id or self.ids.new("pm")
        held = PaymentMethod(id, face, None, self.now(), self.order())
        self.payment_methods[id] = held
        return held
