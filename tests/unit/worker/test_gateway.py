"""The gateway to Stripe on the wire: what it sends, once, and the result of every failure."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import Mock

import pytest
from aiohttp import web

from tests.unit.worker.attempts import to_assign
from worker.ports import Failure, StripeAnswer, StripeError, StripeResult
from worker.stripe.api_version import STRIPE_VERSION
from worker.stripe.gateway import StripeGateway
from worker.stripe.http_client import HttpConnections, NoAnswer, NotSent, Unreadable

API_KEY = "sk_test_veryverysecret"
PERMIT = to_assign()
Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def _stripe(answer: Answer, **options: Any) -> AsyncIterator[StripeGateway]:
    """A gateway to a server that gives every request the same answer."""
    runner = web.ServerRunner(web.Server(answer), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    gateway = StripeGateway(API_KEY, api_base=f"http://{host}:{port}/", **options)
    try:
        yield gateway
    finally:
        await gateway.close()
        await runner.cleanup()


def _always(status: int, body: bytes, **headers: str) -> Answer:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers=headers)

    return answer


async def _write(gateway: StripeGateway) -> StripeResult:
    return await gateway.attach_source(
        "cus_1", "tok_1", command_id="cmd_1", key="key_1", permit=PERMIT
    )


async def test_what_a_write_looks_like(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write carries the key, the idempotency key, a pinned version and no telemetry."""
    seen: list[tuple[str, str, dict[str, str], dict[str, Any]]] = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        seen.append((request.method, request.path, form, dict(request.headers)))
        card = {"id": "card_1", "object": "card"}
        return web.json_response(card, headers={"Request-Id": "req_1"})

    monkeypatch.setattr("stripe.enable_telemetry", True)
    async with _stripe(answer) as gateway:
        for _ in range(2):  # the SDK's telemetry reports the previous request
            assert isinstance(await _write(gateway), StripeAnswer)
    method, path, form, headers = seen[-1]
    assert (method, path) == ("POST", "/v1/customers/cus_1/sources")
    assert form == {"source": "tok_1", "metadata[command_id]": "cmd_1"}
    assert headers["Authorization"] == f"Bearer {API_KEY}"
    assert headers["Idempotency-Key"] == "key_1"
    assert headers["Stripe-Version"] == STRIPE_VERSION
    assert "Stripe-Context" not in headers
    assert "telemetry" not in str(headers).lower()


async def test_a_dropped_connection_is_not_sent_again() -> None:
    """A POST on a kept connection that the server closes is written once and has no answer."""
    requests = 0

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal requests
        requests += 1
        if requests > 1 and request.transport is not None:
            request.transport.abort()
        return web.json_response({"id": "card_1", "object": "card"})

    async with _stripe(answer) as gateway:
        assert isinstance(await _write(gateway), StripeAnswer)
        lost = await _write(gateway)
    assert isinstance(lost, StripeError)
    assert lost.failure is Failure.NO_ANSWER
    assert requests == 2


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    """Stripe does not redirect: a redirect is not followed, and the outcome is unknown."""
    requests = 0

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal requests
        requests += 1
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with _stripe(answer) as gateway:
        result = await _write(gateway)
    assert isinstance(result, StripeError)
    assert result.failure is Failure.UNREADABLE
    assert requests == 1


async def test_no_answer_in_time() -> None:
    """A request without answer within the timeout may have had its effect."""
    released = asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        await released.wait()
        return web.Response()

    async with _stripe(answer, timeout=0.5) as gateway:
        result = await _write(gateway)
        released.set()
    assert isinstance(result, StripeError)
    assert result.failure is Failure.NO_ANSWER


async def test_a_body_that_stops_in_the_middle() -> None:
    """A body that is incomplete at the timeout is no answer either."""
    released = asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b'{"object"')
        await released.wait()
        return response

    async with _stripe(answer, timeout=0.5) as gateway:
        result = await _write(gateway)
        released.set()
    assert isinstance(result, StripeError)
    assert result.failure is Failure.NO_ANSWER


async def test_a_refused_connection_sends_nothing(unused_tcp_port: int) -> None:
    """If the connection is refused, nothing was sent."""
    gateway = StripeGateway(API_KEY, api_base=f"http://127.0.0.1:{unused_tcp_port}")
    result = await _write(gateway)
    await gateway.close()
    assert isinstance(result, StripeError)
    assert result.failure is Failure.NOT_SENT


async def test_a_connection_that_fails_its_handshake_sends_nothing() -> None:
    """If TLS fails, nothing was sent."""
    async with _stripe(_always(200, b"{}")) as plain:
        base = plain._client._requestor.base_addresses["api"]
        gateway = StripeGateway(API_KEY, api_base=base.replace("http:", "https:"))
        result = await _write(gateway)
        await gateway.close()
    assert isinstance(result, StripeError)
    assert result.failure is Failure.NOT_SENT


@pytest.mark.parametrize(
    ("raised", "failure"),
    [
        (NotSent("no connection"), Failure.NOT_SENT),
        (NoAnswer("no answer to tok_secret"), Failure.NO_ANSWER),
        (Unreadable("cut off"), Failure.UNREADABLE),
    ],
    ids=lambda case: type(case).__name__,
)
async def test_what_the_http_client_raises(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, failure: Failure
) -> None:
    """Each exception of the connection becomes a value that says how far the request came."""
    monkeypatch.setattr(HttpConnections, "request", Mock(side_effect=raised))
    gateway = StripeGateway(API_KEY)
    result = await _write(gateway)
    await gateway.close()
    assert isinstance(result, StripeError)
    assert result.failure is failure
    assert "secret" not in result.message


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"<html>"),
        (200, b"\xff\xfe"),
        (200, b"[]"),
        (200, b"{}"),
        (404, b"<html>"),
        (404, b'{"message": "no route"}'),
        (400, b'{"error": "invalid_grant"}'),
        (502, b"<html>Bad gateway</html>"),
    ],
)
async def test_an_answer_that_is_not_stripes(status: int, body: bytes) -> None:
    """An answer that is not Stripe's leaves the outcome open, and is not quoted."""
    async with _stripe(_always(status, body)) as gateway:
        result = await _write(gateway)
    assert isinstance(result, StripeError)
    assert result.failure is Failure.UNREADABLE
    assert "html" not in result.message


async def test_the_fields_of_an_error() -> None:
    """An error's code is read from its body, where the SDK gives none, and secrets are redacted."""
    body = (
        b'{"error": {"type": "invalid_request_error", "code": "rate_limit", '
        b'"message": "No more of tok_secret for sk_test_secret"}}'
    )
    headers = {"Stripe-Rate-Limited-Reason": "global-rate", "Idempotent-Replayed": "true"}
    async with _stripe(_always(429, body, **headers)) as gateway:
        result = await _write(gateway)
    assert result == StripeError(
        Failure.ANSWERED,
        "No more of tok_*** for sk_test_***",
        http_status=429,
        type="invalid_request_error",
        code="rate_limit",
        rate_limited_reason="global-rate",
        replayed=True,
    )


async def test_a_list_without_data() -> None:
    """A list without `data` is unreadable."""
    async with _stripe(_always(200, b'{"object": "list"}')) as gateway:
        result = await gateway.sources("cus_1")
    assert isinstance(result, StripeError)
    assert result.failure is Failure.UNREADABLE


async def test_a_list_whose_second_page_fails() -> None:
    """A list of which a page fails is an error."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if "starting_after" in request.query:
            return web.json_response({"error": {"type": "api_error"}}, status=500)
        page = {"object": "list", "data": [{"id": "card_1"}], "has_more": True}
        return web.json_response(page)

    async with _stripe(answer) as gateway:
        result = await gateway.sources("cus_1")
    assert isinstance(result, StripeError)
    assert result.http_status == 500


async def test_an_id_stays_within_its_path() -> None:
    """No id can lead a request to another path."""
    paths: list[str] = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        paths.append(request.raw_path.partition("?")[0])
        return web.json_response({"object": "customer"})

    async with _stripe(answer) as gateway:
        await gateway.customer("cus_1/../../accounts?x=")
    assert paths == ["/v1/customers/cus_1%2F..%2F..%2Faccounts%3Fx%3D"]


async def test_nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """No token, key or body is logged, even at DEBUG."""
    caplog.set_level(logging.DEBUG)
    body = b'{"error": {"type": "invalid_request_error", "message": "No such token: tok_1"}}'
    async with _stripe(_always(400, body)) as gateway:
        await _write(gateway)
        assert API_KEY not in repr(gateway)
    assert "tok_1" not in caplog.text
    assert API_KEY not in caplog.text


async def test_closing_an_unused_gateway() -> None:
    """A gateway that sent nothing can be closed."""
    await StripeGateway(API_KEY).close()
