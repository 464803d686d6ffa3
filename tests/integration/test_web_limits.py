"""Clients that send too much or nothing cost a real web process little, and others nothing."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import psutil  # type: ignore[import-untyped]
import pytest

from local.servers.valkey import ValkeyServer
from tests.integration.web_callers import counted, waiting
from tests.unit.http.raw import RawAnswer, RawClient
from tests.unit.http.web import DEFAULT, WebProcess

pytestmark = pytest.mark.integration

_MB = 1_000_000
_GENEROUS_MB, _GENEROUS_S = 40, 10.0
_SMALL = {
    "CARDS_HTTP_HEAD_TIMEOUT": "3",
    "CARDS_HTTP_BODY_TIMEOUT": "0.5",
    "CARDS_HTTP_ANSWER_TIMEOUT": "0.5",
    "CARDS_HTTP_KEEP_ALIVE": "2",
    "CARDS_API_TOKENS": "letmein",
    "CARDS_LANGUAGE": "en",
}
_HEAD = b"GET /healthz HTTP/1.1\r\nHost: a\r\n"
_TOKEN = {"Authorization": "Bearer letmein"}


@pytest.fixture(scope="module")
def serving(
    valkey_server: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebProcess]:
    """A web process with short timeouts."""
    folder = tmp_path_factory.mktemp("uploads")
    with WebProcess(valkey_server.url, CARDS_MIGRATIONS_DIR=str(folder), **_SMALL) as process:
        yield process


@pytest.fixture
async def session(serving: WebProcess) -> AsyncIterator[aiohttp.ClientSession]:
    """A client with a token and as many connections as it likes."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        serving.url, connector=connector, headers=_TOKEN, raise_for_status=False
    ) as made:
        yield made


@asynccontextmanager
async def _others_are_answered(session: aiohttp.ClientSession) -> AsyncIterator[None]:
    """Meanwhile another client sends requests on new connections, and is answered quickly."""
    took: list[float] = []

    async def ask() -> None:
        while True:
            began = time.monotonic()
            async with session.get("/healthz", headers={"Connection": "close"}) as answer:
                assert answer.status == 200
            took.append(time.monotonic() - began)

    asking = asyncio.create_task(ask())
    try:
        yield
        while len(took) < 20:
            await asyncio.sleep(0)
            assert not asking.done(), asking.exception()
    finally:
        asking.cancel()
        await asyncio.wait([asking])
    assert asking.cancelled(), asking.exception()
    assert max(took) < _GENEROUS_S


async def _refused(session: aiohttp.ClientSession, reason: str) -> str:
    """The line of the metrics after one more rejection for that reason."""
    async with session.get("/metrics") as answer:
        lines = (await answer.text()).splitlines()
    name = f'cards_http_refused_total{{reason="{reason}"}}'
    (count,) = (float(line.split()[1]) for line in lines if line.startswith(name))
    return f"{name} {count + 1}"


async def test_an_enormous_header_costs_nothing(
    serving: WebProcess, session: aiohttp.ClientSession
) -> None:
    """300 MB of header get 431 while still being sent; memory is constant, others are answered."""
    before = psutil.Process(serving.pid).memory_info().rss
    told = await _refused(session, "head_too_large")
    async with _others_are_answered(session), RawClient(serving.port) as client:
        await client.send(_HEAD + b"X: ")
        client.sending(b"a" * _MB, 300)
        answer = await client.answer()
        assert (answer.status, answer.code) == (431, "head_too_large")
        assert await client.ended() == b""
        await client.sent()
    assert psutil.Process(serving.pid).memory_info().rss - before < _GENEROUS_MB * _MB
    await counted(session, told)


async def test_many_large_headers_at_once_cost_nothing(
    serving: WebProcess, session: aiohttp.ClientSession
) -> None:
    """Forty clients with 8 MB of headers each hold no more memory than their limits."""
    before = psutil.Process(serving.pid).memory_info().rss

    async def one() -> RawAnswer:
        async with RawClient(serving.port) as client:
            await client.send(_HEAD)
            client.sending(b"X-Header: " + b"a" * 8000 + b"\r\n", 1000)
            return await client.answer()

    async with _others_are_answered(session):
        answers = await asyncio.gather(*(one() for _ in range(40)))
    assert {(answer.status, answer.code) for answer in answers} == {(431, "head_too_large")}
    assert psutil.Process(serving.pid).memory_info().rss - before < _GENEROUS_MB * _MB


async def test_silent_clients_are_closed_and_block_nobody(
    serving: WebProcess, session: aiohttp.ClientSession
) -> None:
    """300 clients that send a byte and stop are answered and closed; others are served."""
    async with AsyncExitStack() as stack:
        silent = [await stack.enter_async_context(RawClient(serving.port)) for _ in range(300)]
        for one in silent:
            await one.send(b"G")
        async with _others_are_answered(session):
            told = await asyncio.gather(*(one.ended() for one in silent))
    assert sum(one.startswith(b"HTTP/1.1 408 ") for one in told) >= 100
    assert all(one.startswith((b"HTTP/1.1 408 ", b"HTTP/1.1 503 ")) or not one for one in told)


@pytest.mark.parametrize("body", [b"", b"{"], ids=["none", "begun"])
@pytest.mark.parametrize(
    "path",
    ["/api/cards/default", "/api/migrations?name=slow", "/login"],
    ids=["command", "upload", "login"],
)
async def test_a_body_that_stops_is_408(
    serving: WebProcess, session: aiohttp.ClientSession, path: str, body: bytes
) -> None:
    """On every route that reads a body, a stalled one gets 408 and its connection is closed."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer letmein\r\n"
    async with RawClient(serving.port) as client:
        await client.send(head.encode() + b"Content-Length: 100\r\n\r\n" + body)
        answer = await client.answer()
        assert (answer.status, answer.code) == (408, "request_timeout")
        assert answer.headers["connection"] == "close"
        assert await client.ended() == b""


async def test_an_upload_that_trickles_is_408(serving: WebProcess) -> None:
    """An upload of a byte now and then does not hold its place for ever."""
    head = b"POST /api/migrations?name=slow HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    head += b"Authorization: Bearer letmein\r\nContent-Length: 1000000\r\n\r\n"
    async with RawClient(serving.port) as client:
        await client.send(head)
        reading = asyncio.create_task(client.answer())
        while not reading.done():
            await client.send(b"u")
            await asyncio.wait([reading], timeout=0.05)
        assert (await reading).code == "request_timeout"


async def test_an_unread_answer_closes_the_connection(
    serving: WebProcess, session: aiohttp.ClientSession
) -> None:
    """A client that requests large pages and reads none holds memory for a limited time."""
    page = b"GET /docs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer letmein\r\n\r\n"
    told = await _refused(session, "answer_unread")
    async with RawClient(serving.port, buffer=4096) as client:
        await client.send(page * 30)
        await counted(session, told)


async def test_waiting_callers_are_not_closed(
    serving: WebProcess, session: aiohttp.ClientSession
) -> None:
    """Callers of one address may wait for commands longer than all these timeouts."""
    body = json.dumps(DEFAULT).encode()
    head = b"POST /api/cards/default HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer letmein\r\n"
    head += b"Prefer: wait=4\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with AsyncExitStack() as stack:
        callers = []
        for _ in range(50):
            one = await stack.enter_async_context(RawClient(serving.port))
            await one.send(head + body)
            callers.append(one)
        await waiting(session, 50)
        assert {(await one.answer()).status for one in callers} == {202}


async def test_forwarded_headers_are_trusted_only_from_proxies(
    valkey_server: ValkeyServer, serving: WebProcess
) -> None:
    """X-Forwarded-Proto from loopback changes nothing, unless loopback is a trusted proxy."""
    trusting = {**_SMALL, "CARDS_HTTP_TRUSTED_PROXIES": "127.0.0.0/8"}
    with WebProcess(valkey_server.url, **trusting) as other:
        for process, believed in ((serving, False), (other, True)):
            async with (
                aiohttp.ClientSession(process.url) as browser,
                browser.post(
                    "/login",
                    data={"token": "letmein", "next": "/migrations"},
                    headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.1.1.1"},
                    allow_redirects=False,
                ) as answer,
            ):
                assert answer.status == 303
                assert ("secure" in answer.headers["Set-Cookie"].lower()) is believed


async def test_a_stop_does_not_wait_for_the_slow(valkey_server: ValkeyServer) -> None:
    """SIGTERM ends the process quickly even if heads and bodies are incomplete."""
    with WebProcess(valkey_server.url, CARDS_LANGUAGE="en") as web:
        async with RawClient(web.port) as silent, RawClient(web.port) as half:
            await silent.send(b"G")
            await half.send(
                b"POST /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n"
            )
            assert (await half.answer()).status == 404
            web.terminate()
            assert await asyncio.to_thread(web.ended, 10) == 0
