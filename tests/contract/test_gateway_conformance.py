"""Conformance: every stand-in for Stripe answers alike through its gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.servers.certificates import Certificates
from local.servers.connect_proxy import ConnectProxy
from sandbox.http.server import SandboxServer
from tests.contract.stand_ins import FakeStandIn, SandboxStandIn, StandIn, Trouble
from worker.handlers.attempt import LeaseLost
from worker.ports import Failure, StripeAnswer, StripeError, StripeResult
from worker.stripe.certificate_authorities import Authorities
from worker.stripe.proxies import Proxy


class _Held:
    """The permit of a customer whose lease is held."""

    def check(self) -> None:
        return None


class _Lost:
    """The permit of a customer whose lease has expired."""

    def check(self) -> None:
        raise LeaseLost


HELD = _Held()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """The certificate that the proxy shows instead of Stripe's."""
    return Certificates.make(tmp_path_factory.mktemp("certificates"), "DNS:stripe.test")


@pytest.fixture(params=["fake", "sandbox", "sandbox behind a proxy that inspects TLS"])
async def stand_in(
    request: pytest.FixtureRequest, certificates: Certificates
) -> AsyncIterator[StandIn]:
    """Each stand-in in turn."""
    if request.param == "fake":
        yield FakeStandIn()
        return
    async with SandboxServer() as server:
        with ExitStack() as stack:
            way = {} if request.param == "sandbox" else _proxied(server, certificates, stack)
            sandbox = SandboxStandIn(server, **way)
            yield sandbox
            await sandbox.gateway.close()
    sandbox.check_wire()


def _proxied(server: SandboxServer, certificates: Certificates, stack: ExitStack) -> dict[str, Any]:
    """A gateway's options for a proxy."""
    targets = {"stripe.test:443": urlsplit(server.url).port or 0}
    inspecting = certificates.server_context()
    proxy = stack.enter_context(ConnectProxy(targets, inspecting=inspecting))
    return {
        "api_base": "https://stripe.test",
        "proxy": Proxy(proxy.url, "HTTPS_PROXY"),
        "authorities": Authorities(str(certificates.ca.certificate)),
    }


async def _attach(stand_in: StandIn, customer: str, token: str, key: str = "key_1") -> StripeResult:
    return await stand_in.gateway.attach_source(
        customer, token, command_id="cmd_1", key=key, permit=HELD
    )


async def _attach_method(
    stand_in: StandIn, customer: str, method: str, key: str = "key_1"
) -> StripeResult:
    return await stand_in.gateway.attach_payment_method(customer, method, key=key, permit=HELD)


def _answer(result: StripeResult) -> StripeAnswer:
    assert isinstance(result, StripeAnswer), result
    return result


def _error(result: StripeResult) -> StripeError:
    assert isinstance(result, StripeError), result
    return result


async def test_a_token_becomes_a_card(stand_in: StandIn) -> None:
    """Attaching a token returns the card, with the command's id in its metadata."""
    customer, _ = stand_in.new_customer()
    answer = _answer(await _attach(stand_in, customer, stand_in.new_token()))
    card = answer.body
    assert (card["object"], card["brand"], card["last4"]) == ("card", "Visa", "4242")
    assert card["metadata"] == {"command_id": "cmd_1"}
    assert card["customer"] == customer
    assert answer.replayed is False
    assert stand_in.effects() == 1


async def test_the_first_card_becomes_the_default(stand_in: StandIn) -> None:
    """Stripe makes the first source the default, but not the second."""
    customer, _ = stand_in.new_customer()
    first = _answer(await _attach(stand_in, customer, stand_in.new_token(), "key_1"))
    await _attach(stand_in, customer, stand_in.new_token(), "key_2")
    body = _answer(await stand_in.gateway.customer(customer)).body
    assert body["default_source"] == first.body["id"]
    assert len(body["sources"]["data"]) == 2


async def test_a_source_keeps_its_id(stand_in: StandIn) -> None:
    """Attaching a src_ returns the source, with its nested card."""
    customer, _ = stand_in.new_customer()
    source = stand_in.new_source()
    body = _answer(await _attach(stand_in, customer, source)).body
    assert (body["id"], body["object"], body["type"]) == (source, "source", "card")
    assert (body["card"]["brand"], body["card"]["last4"]) == ("Visa", "4242")
    assert body["metadata"] == {"command_id": "cmd_1"}


async def test_a_payment_method_is_attached(stand_in: StandIn) -> None:
    """Attaching a pm_ returns it with its customer, and does not make it the default."""
    customer, _ = stand_in.new_customer()
    method = stand_in.new_payment_method()
    body = _answer(await _attach_method(stand_in, customer, method)).body
    assert (body["id"], body["object"], body["customer"]) == (method, "payment_method", customer)
    assert (body["card"]["brand"], body["card"]["last4"]) == ("visa", "4242")
    read = _answer(await stand_in.gateway.payment_method(method)).body
    assert read["customer"] == customer
    owner = _answer(await stand_in.gateway.customer(customer)).body
    assert owner["invoice_settings"]["default_payment_method"] is None


async def test_a_token_can_be_used_once(stand_in: StandIn) -> None:
    """A used token is refused with a code; the message does not quote the token."""
    customer, _ = stand_in.new_customer()
    token = stand_in.new_token()
    await _attach(stand_in, customer, token, "key_1")
    error = _error(await _attach(stand_in, customer, token, "key_2"))
    assert (error.http_status, error.code) == (400, "token_already_used")
    assert error.type == "invalid_request_error"
    assert token not in error.message
    assert stand_in.effects() == 1


async def test_a_decline(stand_in: StandIn) -> None:
    """A declined card is a 402 with code and decline code, replayed under its key."""
    customer, _ = stand_in.new_customer()
    token = stand_in.declining_token()
    error = _error(await _attach(stand_in, customer, token))
    assert (error.http_status, error.type, error.code, error.decline_code) == (
        402,
        "card_error",
        "card_declined",
        "generic_decline",
    )
    assert (error.failure, error.replayed) == (Failure.ANSWERED, False)
    assert _error(await _attach(stand_in, customer, token)).replayed is True


@pytest.mark.parametrize("source", ["tok_unknown", "src_unknown"])
async def test_an_unknown_source(stand_in: StandIn, source: str) -> None:
    """An unknown token or source is missing, with 400; its id is redacted."""
    customer, _ = stand_in.new_customer()
    error = _error(await _attach(stand_in, customer, source))
    assert (error.http_status, error.code) == (400, "resource_missing")
    assert source not in error.message


async def test_an_unknown_payment_method(stand_in: StandIn) -> None:
    """An unknown payment method is missing, with 404, to a write and to a read."""
    customer, _ = stand_in.new_customer()
    for result in (
        await _attach_method(stand_in, customer, "pm_unknown"),
        await stand_in.gateway.payment_method("pm_unknown"),
    ):
        error = _error(result)
        assert (error.http_status, error.code) == (404, "resource_missing")


async def test_an_attached_source_or_payment_method(stand_in: StandIn) -> None:
    """Attaching again under another key is a 400 that says "already ... attached"."""
    customer, _ = stand_in.new_customer()
    source, method = stand_in.new_source(), stand_in.new_payment_method()
    await _attach(stand_in, customer, source, "key_1")
    await _attach_method(stand_in, customer, method, "key_2")
    for result in (
        await _attach(stand_in, customer, source, "key_3"),
        await _attach_method(stand_in, customer, method, "key_4"),
    ):
        error = _error(result)
        assert (error.http_status, error.code) == (400, None)
        assert "already been attached" in error.message


async def test_a_detached_payment_method(stand_in: StandIn) -> None:
    """A detached payment method cannot be attached again."""
    customer, _ = stand_in.new_customer()
    method = stand_in.new_payment_method()
    stand_in.detach(method)
    error = _error(await _attach_method(stand_in, customer, method))
    assert error.http_status == 400
    assert "may not be used again" in error.message
    assert "already" not in error.message


async def test_setting_the_default_source(stand_in: StandIn) -> None:
    """The answer is the customer with its new default and its sources expanded."""
    customer, cards = stand_in.new_customer(cards=2)
    for number, card in enumerate(cards):
        result = await stand_in.gateway.set_default_source(
            customer, card, key=f"key_{number}", permit=HELD
        )
        body = _answer(result).body
        assert (body["id"], body["object"]) == (customer, "customer")
        assert body["default_source"] == card
        assert [source["id"] for source in body["sources"]["data"]] == cards
        assert {"email", "name", "phone", "created"} <= body.keys()
        assert body["sources"]["object"] == "list"
    assert stand_in.effects() == 2


async def test_setting_the_default_payment_method(stand_in: StandIn) -> None:
    """A payment method becomes the default for invoices; the answer has the sources too."""
    customer, cards = stand_in.new_customer(cards=1)
    method = stand_in.new_payment_method()
    await _attach_method(stand_in, customer, method)
    result = await stand_in.gateway.set_default_payment_method(
        customer, method, key="key_2", permit=HELD
    )
    body = _answer(result).body
    assert body["invoice_settings"]["default_payment_method"] == method
    assert [source["id"] for source in body["sources"]["data"]] == cards


async def test_all_three_defaults_of_a_customer(stand_in: StandIn) -> None:
    """Setting one default keeps the others: a subscription's, the invoices' and the source."""
    customer, (first, second) = stand_in.new_customer(cards=2)
    method = stand_in.new_payment_method()
    await _attach_method(stand_in, customer, method, "key_1")
    plain = stand_in.new_subscription(customer)
    own = stand_in.new_subscription(customer, default_payment_method=method, default_source=second)
    gateway = stand_in.gateway
    await gateway.set_default_payment_method(customer, method, key="key_2", permit=HELD)
    set_ = await gateway.set_default_source(customer, first, key="key_3", permit=HELD)
    body = _answer(set_).body
    assert body["default_source"] == first
    assert body["invoice_settings"]["default_payment_method"] == method
    listed = _answer(await gateway.subscriptions(customer)).body["data"]
    defaults = [
        (one["id"], one["default_payment_method"], one["default_source"], one["status"])
        for one in listed
    ]
    assert defaults == [(own, method, second, "active"), (plain, None, None, "active")]


async def test_many_subscriptions(stand_in: StandIn) -> None:
    """All pages of a customer's subscriptions are read; an unknown customer is missing."""
    customer, _ = stand_in.new_customer()
    other, _ = stand_in.new_customer()
    stand_in.new_subscription(other)
    made = [stand_in.new_subscription(customer) for _ in range(101)]
    listed = _answer(await stand_in.gateway.subscriptions(customer)).body["data"]
    assert [one["id"] for one in listed] == made[::-1]
    error = _error(await stand_in.gateway.subscriptions("cus_none"))
    assert error.code == "resource_missing"


async def test_no_more_payment_methods_than_stripe_allows(stand_in: StandIn) -> None:
    """One payment method too many is refused with Stripe's code, and changes nothing."""
    customer, _ = stand_in.new_customer()
    stand_in.allow_payment_methods(1)
    _answer(await _attach_method(stand_in, customer, stand_in.new_payment_method(), "key_1"))
    result = await _attach_method(stand_in, customer, stand_in.new_payment_method(), "key_2")
    error = _error(result)
    assert (error.http_status, error.code) == (400, "customer_max_payment_methods")
    assert "maximum number of payment methods" in error.message
    assert stand_in.effects() == 1


async def test_only_what_is_attached_can_be_the_default(stand_in: StandIn) -> None:
    """A card not attached to the customer is missing: 404 for a source, 400 for a pm_."""
    customer, _ = stand_in.new_customer(cards=1)
    _, (foreign,) = stand_in.new_customer(cards=1)
    gateway = stand_in.gateway
    source = await gateway.set_default_source(customer, foreign, key="key_1", permit=HELD)
    method = await gateway.set_default_payment_method(
        customer, stand_in.new_payment_method(), key="key_2", permit=HELD
    )
    assert (_error(source).http_status, _error(source).code) == (404, "resource_missing")
    assert (_error(method).http_status, _error(method).code) == (400, "resource_missing")
    assert stand_in.effects() == 0


async def test_an_unknown_customer(stand_in: StandIn) -> None:
    """An unknown customer is missing to every operation."""
    gateway = stand_in.gateway
    for result in (
        await _attach(stand_in, "cus_unknown", stand_in.new_token(), "key_1"),
        await _attach_method(stand_in, "cus_unknown", stand_in.new_payment_method(), "key_2"),
        await gateway.set_default_source("cus_unknown", "card_1", key="key_3", permit=HELD),
        await gateway.set_default_payment_method("cus_unknown", "pm_1", key="key_4", permit=HELD),
        await gateway.customer("cus_unknown"),
        await gateway.sources("cus_unknown"),
        await gateway.card_payment_methods("cus_unknown"),
    ):
        error = _error(result)
        assert (error.http_status, error.code) == (404, "resource_missing")


async def test_a_deleted_customer(stand_in: StandIn) -> None:
    """A deleted customer can be read, as deleted, and is missing otherwise."""
    customer, _ = stand_in.new_customer(cards=1)
    stand_in.delete(customer)
    body = _answer(await stand_in.gateway.customer(customer)).body
    assert body == {"id": customer, "object": "customer", "deleted": True}
    assert _error(await stand_in.gateway.sources(customer)).http_status == 404
    assert _error(await _attach(stand_in, customer, stand_in.new_token())).http_status == 404


async def test_all_pages_of_sources(stand_in: StandIn) -> None:
    """All sources are read, beyond a page of 100, in Stripe's order and once each."""
    customer, cards = stand_in.new_customer(cards=230)
    data = _answer(await stand_in.gateway.sources(customer)).body["data"]
    assert [source["id"] for source in data] == cards
    body = _answer(await stand_in.gateway.customer(customer)).body
    assert body["sources"]["has_more"] is True
    assert [source["id"] for source in body["sources"]["data"]] == cards[:10]


async def test_card_sources_are_listed_among_payment_methods(stand_in: StandIn) -> None:
    """The payment methods include the pm_ and, by their own ids, the card sources."""
    customer, cards = stand_in.new_customer(cards=101)
    method = stand_in.new_payment_method()
    await _attach_method(stand_in, customer, method)
    data = _answer(await stand_in.gateway.card_payment_methods(customer)).body["data"]
    assert {each["id"] for each in data} == {*cards, method}
    assert {each["object"] for each in data} == {"payment_method"}
    assert len(data) == len(cards) + 1


async def test_no_cards(stand_in: StandIn) -> None:
    """Listings of a customer without cards are empty."""
    customer, _ = stand_in.new_customer()
    assert _answer(await stand_in.gateway.sources(customer)).body["data"] == []
    assert _answer(await stand_in.gateway.card_payment_methods(customer)).body["data"] == []


async def test_the_same_key_again(stand_in: StandIn) -> None:
    """A repeated write is answered as before and has no second effect."""
    customer, _ = stand_in.new_customer()
    token = stand_in.new_token()
    first = _answer(await _attach(stand_in, customer, token))
    second = _answer(await _attach(stand_in, customer, token))
    assert (first.replayed, second.replayed) == (False, True)
    assert first.body == second.body
    assert stand_in.effects() == 1


async def test_the_same_key_for_something_else(stand_in: StandIn) -> None:
    """A key belongs to its parameters: others are an idempotency error without a code."""
    customer, _ = stand_in.new_customer()
    await _attach(stand_in, customer, stand_in.new_token())
    error = _error(await _attach(stand_in, customer, stand_in.new_token()))
    assert (error.http_status, error.type, error.code) == (400, "idempotency_error", None)
    assert stand_in.effects() == 1


async def test_a_lost_lease_sends_nothing(stand_in: StandIn) -> None:
    """Without the permit no write is sent."""
    customer, (card,) = stand_in.new_customer(cards=1)
    gateway, lost = stand_in.gateway, _Lost()
    with pytest.raises(LeaseLost):
        await gateway.attach_source(customer, "tok_1", command_id="c", key="k", permit=lost)
    with pytest.raises(LeaseLost):
        await gateway.attach_payment_method(customer, "pm_1", key="k", permit=lost)
    with pytest.raises(LeaseLost):
        await gateway.set_default_source(customer, card, key="k", permit=lost)
    with pytest.raises(LeaseLost):
        await gateway.set_default_payment_method(customer, "pm_1", key="k", permit=lost)
    assert stand_in.effects() == 0


@pytest.mark.parametrize(
    ("kind", "failure"),
    [
        ("drop", Failure.NO_ANSWER),
        ("truncate", Failure.UNREADABLE),
        ("garble", Failure.UNREADABLE),
    ],
)
async def test_an_answer_lost_after_the_effect(
    stand_in: StandIn, kind: str, failure: Failure
) -> None:
    """A lost answer leaves the outcome open, and the same key returns the true answer."""
    customer, _ = stand_in.new_customer()
    token = stand_in.new_token()
    stand_in.disturb("attach_source", Trouble(kind, "after"))
    assert _error(await _attach(stand_in, customer, token)).failure is failure
    assert stand_in.effects() == 1
    assert _answer(await _attach(stand_in, customer, token)).replayed is True
    assert stand_in.effects() == 1


async def test_a_request_lost_before_the_effect(stand_in: StandIn) -> None:
    """A lost request looks like a lost answer, and the same key executes it."""
    customer, _ = stand_in.new_customer()
    token = stand_in.new_token()
    stand_in.disturb("attach_source", Trouble("drop", "before"))
    assert _error(await _attach(stand_in, customer, token)).failure is Failure.NO_ANSWER
    assert stand_in.effects() == 0
    assert _answer(await _attach(stand_in, customer, token)).replayed is False
    assert stand_in.effects() == 1


@pytest.mark.parametrize(("when", "effects"), [("before", 0), ("after", 1)])
async def test_a_saved_500(stand_in: StandIn, when: str, effects: int) -> None:
    """A saved 500 is replayed, with or without an effect."""
    customer, _ = stand_in.new_customer()
    token = stand_in.new_token()
    stand_in.disturb("attach_source", Trouble("status", when, save=True))
    first = _error(await _attach(stand_in, customer, token))
    second = _error(await _attach(stand_in, customer, token))
    assert (first.http_status, first.replayed) == (500, False)
    assert (second.http_status, second.replayed) == (500, True)
    assert stand_in.effects() == effects


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (429, "rate_limit", "global-rate"),
        (429, "rate_limit", "endpoint-rate"),
        (429, "lock_timeout", None),
        (409, "idempotency_key_in_use", None),
        (401, None, None),
        (503, None, None),
    ],
)
async def test_an_answer_that_is_not_saved(
    stand_in: StandIn, status: int, code: str | None, reason: str | None
) -> None:
    """Errors of limiter, lock, conflict, key and gateway are passed on, and are not saved."""
    customer, _ = stand_in.new_customer()
    token = stand_in.new_token()
    trouble = Trouble("status", status=status, code=code, reason=reason)
    stand_in.disturb("attach_source", trouble)
    error = _error(await _attach(stand_in, customer, token))
    assert (error.http_status, error.code, error.rate_limited_reason) == (status, code, reason)
    assert stand_in.effects() == 0
    assert _answer(await _attach(stand_in, customer, token)).replayed is False
