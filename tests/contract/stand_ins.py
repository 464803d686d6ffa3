"""The stand-ins for Stripe, with one interface for setting them up and for faults."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import urlencode

from sandbox.http.server import SandboxServer
from sandbox.http.service import Reply
from sandbox.objects import brands
from sandbox.objects.auto_created import auto_card_id, auto_customer
from sandbox.objects.cards import CardFace, Source
from sandbox.objects.objects import Subscription, Token
from sandbox.protocol.calls import Call
from tests.sandbox.stripe_openapi import stripe_description
from worker.ports import CardGateway, Failure, StripeError
from worker.stripe.fake_account import refusal
from worker.stripe.fake_gateway import FakeGateway
from worker.stripe.gateway import StripeGateway

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Trouble:
    """A fault of the next write, before or after its effect."""

    kind: str  # a name of the sandbox's faults
    when: str = "before"
    status: int = 500
    code: str | None = None
    reason: str | None = None
    save: bool = False


class StandIn(Protocol):
    """A gateway and its account. New ids are unused ones."""

    @property
    def gateway(self) -> CardGateway: ...

    def new_customer(self, cards: int = 0) -> tuple[str, list[str]]:
        """A new customer, and the ids of its cards in listing order."""

    def new_token(self) -> str: ...

    def new_source(self) -> str: ...

    def new_payment_method(self) -> str: ...

    def detach(self, payment_method: str) -> None: ...

    def new_subscription(self, customer: str, **defaults: str) -> str:
        """A new subscription with these defaults."""

    def allow_payment_methods(self, most: int) -> None:
        """Set how many payment methods a customer may have."""

    def delete(self, customer: str) -> None: ...

    def declining_token(self) -> str: ...

    def disturb(self, method: str, trouble: Trouble) -> None: ...

    def effects(self) -> int:
        """How many changes the gateway's own writes have made."""


class FakeStandIn:
    """The gateway in memory."""

    def __init__(self) -> None:
        self._fake = FakeGateway()
        self.gateway: CardGateway = self._fake

    def new_customer(self, cards: int = 0) -> tuple[str, list[str]]:
        id = f"cus_{next(_numbers)}"
        ids = [f"card_{next(_numbers)}" for _ in range(cards)]
        self._fake.account.add_customer(id, cards=tuple(ids))
        return id, ids

    def new_token(self) -> str:
        return self._new("tok", self._fake.account.add_token)

    def new_source(self) -> str:
        return self._new("src", self._fake.account.add_source)

    def new_payment_method(self) -> str:
        return self._new("pm", self._fake.account.add_payment_method)

    def _new(self, prefix: str, add: Callable[[str], None]) -> str:
        id = f"{prefix}_{next(_numbers)}"
        add(id)
        return id

    def detach(self, payment_method: str) -> None:
        self._fake.account.detach_payment_method(payment_method)

    def new_subscription(self, customer: str, **defaults: str) -> str:
        id = f"sub_{next(_numbers)}"
        self._fake.account.add_subscription(id, customer, **defaults)
        return id

    def allow_payment_methods(self, most: int) -> None:
        self._fake.account.max_payment_methods = most

    def delete(self, customer: str) -> None:
        self._fake.account.delete_customer(customer)

    def declining_token(self) -> str:
        error = refusal("Your card was declined.", "card_declined", 402, "card_error")
        error = replace(error, decline_code="generic_decline")
        self._fake.account.add_token("tok_chargeDeclined", declined=error)
        return "tok_chargeDeclined"

    def disturb(self, method: str, trouble: Trouble) -> None:
        after = trouble.when == "after"
        if trouble.kind == "status":
            error = replace(
                refusal("Trouble.", trouble.code, trouble.status),
                rate_limited_reason=trouble.reason,
            )
        else:
            failure = Failure.NO_ANSWER if trouble.kind == "drop" else Failure.UNREADABLE
            error = StripeError(failure, "Trouble.")
        self._fake.fail_next(method, error, after_effect=after, saved=trouble.save)

    def effects(self) -> int:
        return len(self._fake.effects)


class SandboxStandIn:
    """The gateway over HTTP to a sandbox; each exchange is checked against Stripe's description."""

    _WRITES = (
        "source.created",
        "payment_method.attached",
        "default_source.set",
        "default_payment_method.set",
    )

    def __init__(self, server: SandboxServer, **way: Any) -> None:
        """`way` has the gateway's options if the sandbox is reached through a proxy."""
        self._server = server
        options = {"api_base": server.url, **way}
        self.gateway: CardGateway = StripeGateway("sk_test_conformance", **options)
        self._exchanges: list[tuple[str, str, str, int, bytes]] = []
        self._listen()

    def _listen(self) -> None:
        answer = self._server.service.answer

        async def recorded(call: Call) -> Reply:
            reply = await answer(call)
            if reply.body.startswith(b"{"):  # not garbled on purpose
                form = urlencode(call.pairs)
                self._exchanges.append((call.method, call.path, form, reply.status, reply.body))
            return reply

        self._server.service.answer = recorded  # type: ignore[method-assign]

    def check_wire(self) -> None:
        """Raise NonconformingError if a request or an answer could not be Stripe's."""
        for exchange in self._exchanges:
            stripe_description().check(*exchange)

    def new_customer(self, cards: int = 0) -> tuple[str, list[str]]:
        id = f"cus_{next(_numbers)}"
        account = self._server.account
        account.customers[id] = auto_customer(id, cards, account.order)
        return id, [auto_card_id(id, number) for number in range(cards, 0, -1)]

    def new_token(self) -> str:
        id = f"tok_{next(_numbers)}"
        account = self._server.account
        face = CardFace(brands.VISA)
        account.tokens[id] = Token(id, account.ids.new("card"), face, account.now())
        return id

    def new_source(self) -> str:
        id = f"src_{next(_numbers)}"
        account = self._server.account
        face = CardFace(brands.VISA)
        account.sources[id] = Source(id, face, None, account.now(), account.order())
        return id

    def new_payment_method(self) -> str:
        return self._server.account.add_payment_method(CardFace(brands.VISA)).id

    def detach(self, payment_method: str) -> None:
        self._server.account.payment_methods[payment_method].detached = True

    def new_subscription(self, customer: str, **defaults: str) -> str:
        account = self._server.account
        id = f"sub_{next(_numbers)}"
        made = Subscription(id, customer, account.now(), account.order(), **defaults)
        account.subscriptions[id] = made
        return id

    def allow_payment_methods(self, most: int) -> None:
        self._server.service.config.max_payment_methods = most

    def delete(self, customer: str) -> None:
        held = self._server.account.customers[customer]
        held.sources.clear()
        held.deleted = True

    def declining_token(self) -> str:
        return "tok_chargeDeclined"

    def disturb(self, method: str, trouble: Trouble) -> None:
        fault = {"kind": trouble.kind, "when": trouble.when, "method": "POST"}
        if trouble.kind == "status":
            # After the effect the sandbox saves a 500 by itself, as Stripe does.
            details = {"status": trouble.status, "code": trouble.code, "reason": trouble.reason}
            saved = trouble.save or trouble.when == "after"
            fault = {**fault, **details, "save": saved}  # type: ignore[dict-item]
        self._server.service.faults.add(fault)

    def effects(self) -> int:
        counts = self._server.account.effects.counts
        return sum(counts[kind] for kind in self._WRITES)
