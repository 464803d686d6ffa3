"""`POST /stripe/events`: who may post, the answers, and what is stored."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import stripe

from local.processes.ports import free_port
from producer.journal import Journal
from producer.journal.commands.stripe_events import ChangedBy, events_of
from tests.unit.http.web import CARD, CUSTOMER, WebProcess, client_of

_PATH = "/stripe/events"
_A, _B = "whsec_aaaaaaaaaaaaaaaa0001", "whsec_bbbbbbbbbbbbbbbb0002"
_ENVIRON = {"CARDS_STRIPE_WEBHOOK_SECRETS": f"{_A},{_B}", "CARDS_LANGUAGE": "en"}
_EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "type": "customer.updated",
    "created": 1_700_000_000,
    "data": {
        "object": {"id": CUSTOMER, "object": "customer", "default_source": "card_2"},
        "previous_attributes": {"default_source": "card_1"},
    },
    "request": {"id": "req_1", "idempotency_key": "someone-elses"},
}


def signed(body: str, secret: str = _A, age_s: int = 0) -> dict[str, str]:
    """The signature header, made by Stripe's SDK."""
    made = stripe.WebhookSignature.generate_signature_header(body, secret, int(time.time()) - age_s)
    return {"Stripe-Signature": made}


@pytest.fixture
async def web(redis_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app that receives events."""
    async with client_of(redis_url, **_ENVIRON) as made:
        yield made


async def _post(web: httpx.AsyncClient, event: Any, **how: Any) -> httpx.Response:
    body = json.dumps(event)
    return await web.post(_PATH, content=body, headers=signed(body, **how))


async def test_an_event_is_stored(web: httpx.AsyncClient, journal: Journal) -> None:
    """An event signed with either secret and delivered twice is stored once, without other keys."""
    for secret in (_A, _B):
        answer = await _post(web, _EVENT, secret=secret)
        assert (answer.status_code, answer.json()["message"]) == (200, "Event received")
    (found,) = await journal(events_of(CUSTOMER))
    assert (found.id, found.changed_by) == ("evt_1", ChangedBy.ELSEWHERE)
    assert found.defaults == {"default_source": "card_2"}


async def test_a_thin_event_is_stored_too(web: httpx.AsyncClient, journal: Journal) -> None:
    """A thin event of the same endpoint has the customer's URL and no default."""
    thin = {
        "id": "evt_2",
        "object": "v2.core.event",
        "type": "v1.customer.updated",
        "created": "2030-01-01T00:00:00Z",
        "related_object": {
            "id": CUSTOMER,
            "type": "customer",
            "url": f"/v1/customers/{CUSTOMER}",
        },
    }
    for event in (_EVENT, thin, thin):
        assert (await _post(web, event)).json()["message"] == "Event received"
    new, old = await journal(events_of(CUSTOMER))
    assert (new.id, new.read_at, new.defaults) == ("evt_2", f"/v1/customers/{CUSTOMER}", {})
    assert new.changed_by is ChangedBy.ELSEWHERE
    assert (old.id, old.read_at) == ("evt_1", "")


async def test_events_of_other_accounts_are_ignored(redis_url: str) -> None:
    """With CARDS_STRIPE_CONTEXT, events of the organisation's other accounts are ignored."""
    async with client_of(redis_url, **_ENVIRON, CARDS_STRIPE_CONTEXT="acct_1") as web:
        for context, message in (("acct_1", "Event received"), ("acct_2", "Event ignored")):
            answer = await _post(web, {**_EVENT, "context": context})
            assert answer.json()["message"] == message


async def test_events_not_signed_by_stripe_are_refused(
    web: httpx.AsyncClient, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a signature, with another secret, changed, or old: 400, and nothing is stored."""
    body = json.dumps(_EVENT)
    for headers, content, code in (
        ({}, body, "signature_missing"),
        (signed(body, "whsec_cccccccccccccccc0003"), body, "signature_invalid"),
        (signed(body), body + " ", "signature_invalid"),
        (signed(body, age_s=400), body, "signature_stale"),
        ({"Stripe-Signature": "x"}, body, "signature_invalid"),
        ({"Authorization": "Bearer x"}, body, "signature_missing"),
    ):
        answer = await web.post(_PATH, content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert answer.json()["message"]
    assert await journal(events_of(CUSTOMER)) == []
    assert "whsec_" not in caplog.text
    assert "card_2" not in caplog.text


async def test_other_types_are_ignored(web: httpx.AsyncClient, journal: Journal) -> None:
    """Events of other types answer 200, or Stripe would repeat them for days."""
    for event in ({**_EVENT, "type": "charge.succeeded"}, {**_EVENT, "account": "acct_1"}, {}):
        answer = await _post(web, event)
        assert (answer.status_code, answer.json()["message"]) == (200, "Event ignored")
    assert await journal(events_of(CUSTOMER)) == []


async def test_a_body_that_is_no_object_is_refused(web: httpx.AsyncClient) -> None:
    """A body that is no JSON object is refused even with a valid signature."""
    for body in ("", "[]", "{", "[" * 100_000):
        answer = await web.post(_PATH, content=body, headers=signed(body))
        assert (answer.status_code, answer.json()["code"]) == (400, "parameter_invalid")


async def test_the_largest_event(web: httpx.AsyncClient) -> None:
    """The limit is 256 KiB for events, and 16 KiB elsewhere."""
    for size, status in ((250_000, 200), (263_000, 400)):
        answer = await _post(web, {**_EVENT, "filler": "x" * size})
        assert answer.status_code == status
    assert "256 KiB" in answer.json()["message"]
    elsewhere = await web.post("/api/cards/default", content=b"x" * 20_000)
    assert "16 KiB" in elsewhere.json()["message"]


async def test_without_secrets_there_is_no_such_path(redis_url: str) -> None:
    """The answer is 404, signed or not, with or without tokens."""
    for tokens in ({}, {"CARDS_API_TOKENS": "t0ken"}):
        async with client_of(redis_url, **tokens) as web:
            answer = await _post(web, _EVENT)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_no_token_is_needed(redis_url: str) -> None:
    """The signature replaces a token and has no rate limit; other routes need a token."""
    environ = {**_ENVIRON, "CARDS_API_TOKENS": "t0ken", "CARDS_API_RPS": "1"}
    async with client_of(redis_url, **environ) as web:
        for _ in range(3):
            assert (await _post(web, _EVENT)).status_code == 200
        assert (await web.get(_PATH)).status_code == 405
        assert (await web.get(f"{_PATH}/x")).status_code == 401


async def test_a_foreign_page_cannot_post(web: httpx.AsyncClient) -> None:
    """A browser's request for a foreign page is refused before it is read."""
    body = json.dumps(_EVENT)
    headers = {**signed(body), "Origin": "https://evil.example"}
    answer = await web.post(_PATH, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "other_origin")


async def test_without_redis_stripe_must_retry() -> None:
    """The answer is 503, so that Stripe retries; unsigned events are refused nevertheless."""
    async with client_of(f"redis://127.0.0.1:{free_port()}/0", **_ENVIRON) as web:
        answer = await _post(web, _EVENT)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert (await _post(web, _EVENT, secret="whsec_other0123456789ab")).status_code == 400


async def test_nothing_of_an_event_is_logged(
    web: httpx.AsyncClient, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    """The log holds no key, name or card number of an event."""
    caplog.set_level(logging.DEBUG)
    event = {**_EVENT, "request": {"id": CARD, "idempotency_key": CARD}, "name": CARD}
    assert (await _post(web, event)).status_code == 200
    (found,) = await journal(events_of(CUSTOMER))
    assert (found.request, found.changed_by) == ("", ChangedBy.ELSEWHERE)
    assert CARD not in caplog.text


@pytest.mark.integration
def test_the_port_for_operations_receives_no_events(redis_url: str) -> None:
    """With a port for operations, a real process receives events at the other port."""
    port = free_port()
    environ = {**_ENVIRON, "CARDS_OPERATIONS_PORT": str(port)}
    body = json.dumps(_EVENT)
    with WebProcess(redis_url, **environ) as web, httpx.Client() as client:
        for at, status in ((web.url, 200), (f"http://127.0.0.1:{port}", 404)):
            answer = client.post(f"{at}{_PATH}", content=body, headers=signed(body))
            assert answer.status_code == status
