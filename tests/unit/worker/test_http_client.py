"""The HTTP client behind Stripe's SDK: whole answers, kept connections, how far a request came."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from local.processes.ports import free_port
from worker.stripe.http_client import (
    Answer,
    HttpConnections,
    HttpError,
    NoAnswer,
    NotSent,
    Unreadable,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Kind: Whole\r\n\r\n{}"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Peer:
    """A server that handles each connection with a given function, and counts them."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self.connections = 0
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def peer_of(serve: Serve) -> AsyncIterator[Peer]:
    peer = Peer(serve)
    server = await asyncio.start_server(peer.handle, "127.0.0.1", 0)
    peer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    yield peer
    server.close()


def client(timeout: float = 10.0) -> HttpConnections:
    return HttpConnections(timeout=timeout, connect_timeout=5, tls=ssl.create_default_context)


async def ask(http: HttpConnections, url: str, **headers: str) -> Answer:
    return await http.request("POST", url, headers, b"a=b")


def answering(*pieces: bytes, then_close: bool = False) -> Serve:
    """Answers every request with the pieces, each in a packet of its own."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"a=b")
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if then_close:
                return

    return serve


@pytest.mark.parametrize(
    "pieces",
    [
        (OK,),
        (OK[:10], OK[10:40], OK[40:]),
        (
            b"HTTP/1.1 200 OK\r\nX-Kind: Whole\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
            b"1\r\n}\r\n0\r\n\r\n",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\n", OK),
    ],
    ids=["at once", "in pieces", "chunked", "after a 100"],
)
async def test_an_answer_arrives_whole_and_its_connection_is_kept(
    pieces: tuple[bytes, ...],
) -> None:
    """An answer in any pieces is the same; the next request needs no new connection."""
    http = client()
    async with peer_of(answering(*pieces)) as peer:
        for _ in range(3):
            status, headers, body = await ask(http, peer.url)
            assert (status, headers["x-kind"], body) == (200, "Whole", b"{}")
        assert peer.connections == 1
        await http.close()


async def test_requests_at_a_time_have_connections_of_their_own() -> None:
    """Two concurrent requests never share a connection."""
    http, both = client(), asyncio.Barrier(2)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"a=b")
        await both.wait()
        writer.write(OK)
        await reader.read()

    async with peer_of(serve) as peer:
        await asyncio.gather(ask(http, peer.url), ask(http, peer.url))
        assert peer.connections == 2
        await http.close()


async def test_a_connection_that_the_server_ends_is_not_used_again() -> None:
    """After `Connection: close` the next request opens a new connection."""
    http = client()
    closing = OK.replace(b"X-Kind: Whole", b"Connection: close")
    async with peer_of(answering(closing, then_close=True)) as peer:
        for _ in range(2):
            assert (await ask(http, peer.url))[0] == 200
        assert peer.connections == 2
        await http.close()


async def test_a_connection_that_closed_while_idle_is_not_used_again() -> None:
    """No request loses its answer because a server closed an idle connection."""
    http = client()
    async with peer_of(answering(OK, then_close=True)) as peer:
        await ask(http, peer.url)
        while idle(http):
            await asyncio.sleep(0)
        assert (await ask(http, peer.url))[0] == 200
        assert peer.connections == 2
        await http.close()


def idle(http: HttpConnections) -> bool:
    """Whether an open connection is kept."""
    assert http._session is not None
    assert http._session.connector is not None
    conns = http._session.connector._conns.values()
    return any(protocol.is_connected() for kept in conns for protocol, _ in kept)


def spoiled(http: HttpConnections) -> bool:
    """Whether data came on an idle connection."""
    assert http._session is not None
    assert http._session.connector is not None
    idle = http._session.connector._conns.values()
    return any(protocol.should_close for conns in idle for protocol, _ in conns)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "stray",
    [
        b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"bye",
    ],
    ids=["whole", "begun", "a 100", "not HTTP"],
)
async def test_unrequested_bytes_are_no_answer(method: str, stray: bytes) -> None:
    """Data on an idle connection (such as a 408) is not read as the next request's answer."""
    http, idle = client(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"a=b")
        writer.write(OK)
        if not idle.is_set():
            await idle.wait()
            writer.write(stray)
        await reader.read()

    async with peer_of(serve) as peer:
        await http.request(method, peer.url, {}, b"a=b")
        idle.set()
        while not spoiled(http):
            await asyncio.sleep(0)
        assert (await http.request(method, peer.url, {}, b"a=b"))[0] == 200
        assert peer.connections == 2
        await http.close()


@pytest.mark.parametrize("banner", [b"220 ready\r\n", OK], ids=["not HTTP", "an answer"])
async def test_a_server_that_speaks_first_is_sent_nothing(
    banner: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Data before the request is not its answer; the request is not sent."""
    http, heard = client(), bytearray()
    connect = aiohttp.TCPConnector.connect

    async def connect_and_hear(*arguments: Any, **options: Any) -> Any:
        connection = await connect(*arguments, **options)
        assert connection.protocol is not None
        while not connection.protocol.should_close:
            await asyncio.sleep(0)
        return connection

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", connect_and_hear)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(banner)
        heard.extend(await reader.read())

    async with peer_of(serve) as peer:
        with pytest.raises(NotSent, match="speaks before"):
            await ask(http, peer.url)
        assert peer.connections == 1
        await http.close()
    assert not heard


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_kept_connection_that_closes_on_a_request_is_not_replaced(method: str) -> None:
    """Nothing is sent twice, not even reads: each waited once for the rate limit."""
    http, requests = client(), 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        for answer in (OK, b""):
            await reader.readuntil(b"a=b")
            requests += 1
            writer.write(answer)

    async with peer_of(serve) as peer:
        await http.request(method, peer.url, {}, b"a=b")
        with pytest.raises(NoAnswer):
            await http.request(method, peer.url, {}, b"a=b")
        assert (requests, peer.connections) == (2, 1)
        await http.close()


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 99999999\r\n\r\n" + b"x" * (5 << 20),
        b"Transfer-Encoding: chunked\r\n\r\n" + b"100000\r\n%b\r\n" % (b"x" * (1 << 20)) * 5,
    ],
    ids=["said beforehand", "chunked"],
)
async def test_an_answer_too_long_is_not_read_to_its_end(body: bytes) -> None:
    """An answer above 4 MiB, more than Stripe ever sends, is Unreadable."""
    http = client()
    async with peer_of(answering(b"HTTP/1.1 200 OK\r\n" + body)) as peer:
        with pytest.raises(Unreadable, match="longer than 4 MiB"):
            await ask(http, peer.url)
        await http.close()


@pytest.mark.parametrize(
    ("serve", "error"),
    [
        (answering(then_close=True), NoAnswer),
        (answering(OK[:-1], then_close=True), Unreadable),
        (answering(OK[:12], then_close=True), NoAnswer),
        (answering(b"SMTP ready\r\n\r\n"), Unreadable),
        (answering(b"HTTP/1.1 200 OK\r\n\r\nuntil the end", then_close=True), Unreadable),
    ],
    ids=["closed", "body cut", "head cut", "not HTTP", "no length"],
)
async def test_a_broken_answer_says_how_far_it_came(serve: Serve, error: type[HttpError]) -> None:
    """Without a complete head it is NoAnswer; any other incomplete answer is Unreadable."""
    http = client()
    async with peer_of(serve) as peer:
        with pytest.raises(error):
            await ask(http, peer.url)
        await http.close()


async def test_a_stalled_answer_ends_with_the_timeout() -> None:
    """The timeout bounds the request, and the connection is not used again."""
    http = client(timeout=0.05)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with peer_of(serve) as peer:
        for _ in range(2):
            with pytest.raises(NoAnswer):
                await ask(http, peer.url)
        assert peer.connections == 2


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
async def test_where_no_connection_can_be_made_nothing_is_sent(host: str) -> None:
    """A refused connection or an unknown name certainly has no effect."""
    with pytest.raises(NotSent):
        await ask(client(), f"http://{host}:{free_port()}/")


async def test_a_line_break_in_a_header_is_never_sent() -> None:
    """A task id, which becomes the idempotency key, cannot inject a header."""
    http = client()
    async with peer_of(answering(OK)) as peer:
        for value in ("x\r\nHost: other", "x\ny", "x\0", "\ud800"):
            with pytest.raises(NotSent):
                await ask(http, peer.url, key=value)
        assert peer.connections == 0


async def test_a_cancelled_request_takes_its_connection_with_it() -> None:
    """The late answer of a cancelled request is not read as the next one's."""
    http, delivery = client(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"a=b")
        if delivery.is_set():
            writer.write(OK)
        delivery.set()
        await reader.read()

    async with peer_of(serve) as peer:
        asking = asyncio.create_task(ask(http, peer.url))
        await delivery.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert (await ask(http, peer.url))[0] == 200
        assert peer.connections == 2
        await http.close()
