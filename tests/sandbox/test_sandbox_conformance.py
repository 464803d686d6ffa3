"""The sandbox with Stripe's own SDK, every exchange checked against Stripe's OpenAPI description.

The fixtures check every test of this folder; here the SDK uses each operation once, and the checker
itself is shown to catch mistakes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import stripe

from sandbox.http.operations import OPERATIONS
from sandbox.http.server import SandboxServer, SandboxThread
from sandbox.objects import seed
from tests.sandbox.conftest import Api, Exchange, conform, listen
from tests.sandbox.stripe_openapi import NonconformingError, decoded, stripe_description

CUSTOMER = f"/v1/customers/{seed.CUSTOMER}"


@contextmanager
def client_of(url: str) -> Iterator[stripe.StripeClient]:
    http = stripe.RequestsClient(timeout=(5, 30))
    try:
        yield stripe.StripeClient("sk_test_1", base_addresses={"api": url}, http_client=http)
    finally:
        http.close()  # type: ignore[no-untyped-call]


def test_sdk_uses_every_operation() -> None:
    """Stripe's SDK can use every operation, and both sides of each exchange conform."""
    with SandboxThread() as sandbox, client_of(sandbox.url) as client:
        exchanges = listen(sandbox.server)
        _use_everything(client)
    conform(exchanges)
    used = {
        stripe_description().operation(method, path)
        for method, path, _, status, _ in exchanges
        if status == 200
    }
    known = {
        stripe_description().operation(each.method, each.template.replace(":id", "x_1"))
        for each in OPERATIONS
    }
    assert None not in known
    assert used == known


def _use_everything(client: stripe.StripeClient) -> None:
    v1 = client.v1
    token = v1.tokens.create(
        {"card": {"number": "4242424242424242", "exp_month": "12", "exp_year": "2030", "cvc": "1"}}
    )
    assert v1.tokens.retrieve(token.id).used is False
    ana = v1.customers.create({"name": "Ana", "email": "ana@example.com"})
    card = v1.customers.payment_sources.create(
        ana.id, {"source": token.id, "metadata": {"command_id": "c1"}}, {"idempotency_key": "k1"}
    )
    again = v1.customers.payment_sources.create(
        ana.id, {"source": token.id, "metadata": {"command_id": "c1"}}, {"idempotency_key": "k1"}
    )
    assert again.id == card.id
    source = v1.sources.create({"type": "card", "token": "tok_mastercard"})
    v1.sources.retrieve(source.id)
    v1.customers.payment_sources.create(ana.id, {"source": source.id, "expand": ["customer"]})
    updated = v1.customers.update(
        ana.id, {"default_source": source.id, "expand": ["sources", "default_source"]}
    )
    assert updated.sources is not None
    assert [each.id for each in updated.sources.data] == [source.id, card.id]
    listed = v1.customers.payment_sources.list(ana.id, {"object": "card", "limit": 1})
    assert [each.id for each in listed.auto_paging_iter()] == [card.id]
    v1.customers.payment_sources.retrieve(ana.id, card.id)
    method = v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    v1.payment_methods.attach(method.id, {"customer": ana.id})
    v1.payment_methods.update(method.id, {"metadata": {"a": "1"}})
    v1.payment_methods.retrieve(method.id, {"expand": ["customer"]})
    v1.customers.update(ana.id, {"invoice_settings": {"default_payment_method": method.id}})
    for every in (
        v1.payment_methods.list({"customer": ana.id, "type": "card", "limit": 2}),
        v1.customers.payment_methods.list(ana.id, {"limit": 2, "expand": ["data.customer"]}),
    ):
        found = [each.id for each in every.auto_paging_iter()]
        assert found == [method.id, source.id, card.id]
    v1.customers.payment_methods.retrieve(ana.id, method.id)
    _use_subscriptions(v1, ana.id, method.id, card.id)
    v1.payment_methods.detach(method.id)
    v1.customers.payment_sources.delete(ana.id, source.id)
    v1.customers.payment_sources.delete(ana.id, card.id)
    v1.customers.retrieve(ana.id, {"expand": ["sources"]})
    v1.customers.list({"limit": 1, "expand": ["data.sources"]})
    v1.customers.delete(ana.id)
    assert v1.customers.retrieve(ana.id).deleted is True


def _use_subscriptions(v1: Any, customer: str, method: str, card: str) -> None:
    made = v1.subscriptions.create(
        {"customer": customer, "items": [{"price": "price_1"}], "default_source": card}
    )
    v1.subscriptions.update(made.id, {"default_payment_method": method})
    read = v1.subscriptions.retrieve(made.id)
    assert (read.default_payment_method, read.default_source) == (method, card)
    listed = v1.subscriptions.list({"customer": customer, "limit": 100})
    assert [one.id for one in listed.auto_paging_iter()] == [made.id]
    v1.subscriptions.cancel(made.id)
    assert not v1.subscriptions.list({"customer": customer}).data


def test_sdk_raises_its_error_classes(threaded: SandboxThread) -> None:
    """Refusals raise the same classes and codes in the SDK as Stripe's own refusals."""
    faults: list[tuple[dict[str, Any], type[stripe.StripeError]]] = [
        ({"status": 401}, stripe.AuthenticationError),
        ({"status": 403}, stripe.PermissionError),
        ({"status": 409}, stripe.APIError),
        ({"status": 424}, stripe.APIError),
        ({"status": 429, "reason": "global-rate"}, stripe.RateLimitError),
        ({"status": 500}, stripe.APIError),
        ({"kind": "garble"}, stripe.APIError),
        ({"kind": "truncate"}, stripe.APIConnectionError),
        ({"kind": "drop"}, stripe.APIConnectionError),
    ]
    with client_of(threaded.url) as client:
        for fault, kind in faults:
            threaded.server.service.faults.add({"kind": "status", **fault})
            with pytest.raises(kind) as raised:
                client.v1.customers.retrieve(seed.CUSTOMER)
            assert type(raised.value) is kind
        with pytest.raises(stripe.CardError) as declined:
            client.v1.customers.payment_sources.create(
                seed.CUSTOMER, {"source": "tok_chargeDeclined"}
            )
        assert declined.value.error is not None
        assert declined.value.error.decline_code == "generic_decline"
        with pytest.raises(stripe.InvalidRequestError) as missing:
            client.v1.customers.update(seed.CUSTOMER, {"default_source": "card_other"})
        assert (missing.value.code, missing.value.param) == ("resource_missing", "default_source")
        client.v1.customers.update(seed.CUSTOMER, {"name": "A"}, {"idempotency_key": "k1"})
        with pytest.raises(stripe.IdempotencyError):
            client.v1.customers.update(seed.CUSTOMER, {"name": "B"}, {"idempotency_key": "k1"})


async def test_sdk_async(server: SandboxServer) -> None:
    """The SDK's asynchronous client works too."""
    http = stripe.AIOHTTPClient()
    client = stripe.StripeClient("sk_test_1", base_addresses={"api": server.url}, http_client=http)
    try:
        made = await client.v1.customers.payment_sources.create_async(
            seed.CUSTOMER, {"source": seed.TOKEN}
        )
        assert made.id.startswith("card_")
    finally:
        await http.close_async()  # type: ignore[no-untyped-call]


async def _exchange(api: Api, server: SandboxServer) -> Exchange:
    heard = listen(server)
    form = {"default_source": seed.SECOND_CARD, "expand[]": "sources", "metadata[a]": "1"}
    await api.post(CUSTOMER, form)
    (exchange,) = heard
    return exchange


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("object",), "client"),
        (("created",), "yesterday"),
        (("id",), None),
        (("unknown_field",), 1),
        (("default_source",), 3),
        (("sources", "has_more"), "no"),
        (("sources", "data", 0, "exp_month"), "12"),
        (("sources", "data", 0, "brnad"), "Visa"),
        (("metadata", "a"), 1),
    ],
)
async def test_checker_catches_wrong_answers(
    api: Api, server: SandboxServer, place: tuple[Any, ...], value: object
) -> None:
    """A wrong type, a missing or an unknown field anywhere in an answer is caught."""
    method, path, form, status, body = await _exchange(api, server)
    answer = json.loads(body)
    node = answer
    for step in place[:-1]:
        node = node[step]
    if value is None:
        del node[place[-1]]
    else:
        node[place[-1]] = value
    with pytest.raises(NonconformingError):
        stripe_description().check(method, path, form, status, json.dumps(answer).encode())


@pytest.mark.parametrize(
    ("method", "path", "form"),
    [
        ("POST", CUSTOMER, "colour=red"),
        ("POST", CUSTOMER, "metadata[a][b]=1"),
        ("POST", CUSTOMER, "invoice_settings[default]=pm_1"),
        ("POST", CUSTOMER, f"phone={'1' * 21}"),
        ("POST", "/v1/payment_methods", "type=cash"),
        ("GET", f"{CUSTOMER}/sources", "limit=ten"),
        ("GET", f"{CUSTOMER}/sources", "page=2"),
        ("POST", f"{CUSTOMER}/sources/card_1/attach", ""),
        ("PUT", CUSTOMER, ""),
    ],
)
def test_checker_catches_wrong_requests(method: str, path: str, form: str) -> None:
    """An unknown or mistyped parameter, or an unknown path, is caught."""
    with pytest.raises(NonconformingError):
        stripe_description().check_request(method, path, decoded(form))


def test_checker_catches_wrong_errors() -> None:
    """An error body without the envelope, or of an unknown type, is caught."""
    for body in (b'{"message": "no"}', b'{"error": {"type": "sad", "message": "no"}}'):
        for path in (CUSTOMER, "/v1/nowhere"):
            with pytest.raises(NonconformingError):
                stripe_description().check("POST", path, {}, 404, body)
