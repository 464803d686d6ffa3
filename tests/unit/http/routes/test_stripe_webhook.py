"""`POST /stripe/events`: who may post there, what is answered, and what is kept."""

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
    """The header, made by Stripe's SDK."""
    made = stripe.WebhookSignature.generate_signature_header(body, secret, int(time.time()) - age_s)
    return {"Stripe-Signature": made}


@pytest.fixture
async def web(redis_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app that takes events."""
    async with client_of(redis_url, **_ENVIRON) as made:
        yield made


async def _post(web: httpx.AsyncClient, event: Any, **how: Any) -> httpx.Response:
    body = json.dumps(event)
    return await web.post(_PATH, content=body, headers=signed(body, **how))


async def test_an_event_is_kept(web: httpx.AsyncClient, journal: Journal) -> None:
    """Signed by either secret, delivered twice: kept once, without the key that is not ours."""
    for secret in (_A, _B):
        answer = await _post(web, _EVENT, secret=secret)
        assert (answer.status_code, answer.json()["message"]) == (200, "Event received")
    (found,) = await journal(events_of(CUSTOMER))
    assert (found.id, found.changed_by) == ("evt_1", ChangedBy.ELSEWHERE)
    assert found.defaults == {"default_source": "card_2"}


async def test_a_thin_event_is_kept_beside(web: httpx.AsyncClient, journal: Journal) -> None:
    """Of the same endpoint: told apart, with where the customer is read and no default."""
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


async def test_events_of_the_account_that_is_acted_on(redis_url: str) -> None:
    """With CARDS_STRIPE_CONTEXT those of an organisation's other accounts are ignored."""
    async with client_of(redis_url, **_ENVIRON, CARDS_STRIPE_CONTEXT="acct_1") as web:
        for context, message in (("acct_1", "Event received"), ("acct_2", "Event ignored")):
            answer = await _post(web, {**_EVENT, "context": context})
            assert answer.json()["message"] == message


async def test_what_is_not_signed_by_stripe_is_refused(
    web: httpx.AsyncClient, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a signature, of another secret, changed, or old: 400, and nothing is kept."""
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


async def test_what_is_not_for_us_is_ignored(web: httpx.AsyncClient, journal: Journal) -> None:
    """Other types are answered 200, or Stripe would send them again for days."""
    for event in ({**_EVENT, "type": "charge.succeeded"}, {**_EVENT, "account": "acct_1"}, {}):
        answer = await _post(web, event)
        assert (answer.status_code, answer.json()["message"]) == (200, "Event ignored")
    assert await journal(events_of(CUSTOMER)) == []


async def test_what_is_no_object_is_refused(web: httpx.AsyncClient) -> None:
    """However it is signed."""
    for body in ("", "[]", "{", "[" * 100_000):
        answer = await web.post(_PATH, content=body, headers=signed(body))
        assert (answer.status_code, answer.json()["code"]) == (400, "parameter_invalid")


async def test_a_large_event_is_taken_and_a_larger_one_refused(web: httpx.AsyncClient) -> None:
    """The limit is 256 KiB here, and 16 KiB elsewhere."""
    for size, status in ((250_000, 200), (263_000, 400)):
        answer = await _post(web, {**_EVENT, "filler": "x" * size})
        assert answer.status_code == status
    assert "256 KiB" in answer.json()["message"]
    elsewhere = await web.post("/api/cards/default", content=b"x" * 20_000)
    assert "16 KiB" in elsewhere.json()["message"]


async def test_without_secrets_there_is_no_such_path(redis_url: str) -> None:
    """404, signed or not, with tokens and without."""
    for tokens in ({}, {"CARDS_API_TOKENS": "t0ken"}):
        async with client_of(redis_url, **tokens) as web:
            answer = await _post(web, _EVENT)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_no_token_is_needed(redis_url: str) -> None:
    """The signature lets in, beside tokens and under their limit of requests; others are not."""
    environ = {**_ENVIRON, "CARDS_API_TOKENS": "t0ken", "CARDS_API_RPS": "1"}
    async with client_of(redis_url, **environ) as web:
        for _ in range(3):
            assert (await _post(web, _EVENT)).status_code == 200
        assert (await web.get(_PATH)).status_code == 405
        assert (await web.get(f"{_PATH}/x")).status_code == 401


async def test_a_page_of_somebody_elses_cannot_post(web: httpx.AsyncClient) -> None:
    """What a browser sends for another page is refused before it is looked at."""
    body = json.dumps(_EVENT)
    headers = {**signed(body), "Origin": "https://evil.example"}
    answer = await web.post(_PATH, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "other_origin")


async def test_it_comes_again_where_redis_is_away() -> None:
    """503, so that Stripe sends it again; what is not signed is refused all the same."""
    async with client_of(f"redis://127.0.0.1:{free_port()}/0", **_ENVIRON) as web:
        answer = await _post(web, _EVENT)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert (await _post(web, _EVENT, secret="whsec_other0123456789ab")).status_code == 400


async def test_nothing_of_an_event_is_logged(
    web: httpx.AsyncClient, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever somebody put into a key or a name at Stripe, a card number too."""
    caplog.set_level(logging.DEBUG)
    event = {**_EVENT, "request": {"id": CARD, "idempotency_key": CARD}, "name": CARD}
    assert (await _post(web, event)).status_code == 200
    (found,) = await journal(events_of(CUSTOMER))
    assert (found.request, found.changed_by) == ("", ChangedBy.ELSEWHERE)
    assert CARD not in caplog.text


@pytest.mark.integration
def test_it_is_not_at_the_port_for_operations(redis_url: str) -> None:
    """Where there is one, events are taken at the other, by a real process."""
    port = free_port()
    environ = {**_ENVIRON, "CARDS_OPERATIONS_PORT": str(port)}
    body = json.dumps(_EVENT)
    with WebProcess(redis_url, **environ) as web, httpx.Client() as client:
        for at, status in ((web.url, 200), (f"http://127.0.0.1:{port}", 404)):
            answer = client.post(f"{at}{_PATH}", content=body, headers=signed(body))
            assert answer.status_code == status
