"""The HTTP client behind Stripe's SDK: whole answers, kept connections, how far a request came."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from local.ports import free_port
from worker.http_connections import (
    HttpConnections,
    HttpError,
    NoAnswer,
    NotSent,
    Unreadable,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Kind: Whole\r\n\r\n{}"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Peer:
    """A server that does with each connection as it is told, and counts them."""

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


async def ask(http: HttpConnections, url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
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
    """However it is cut up, the answer is the same; the next request needs no new connection."""
    http = client()
    async with peer_of(answering(*pieces)) as peer:
        for _ in range(3):
            status, headers, body = await ask(http, peer.url)
            assert (status, headers["x-kind"], body) == (200, "Whole", b"{}")
        assert peer.connections == 1
        await http.close()


async def test_requests_at_a_time_have_connections_of_their_own() -> None:
    """Two requests under way never share a connection."""
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
    """`Connection: close` is heeded, so the next request does not run into it."""
    http = client()
    closing = OK.replace(b"X-Kind: Whole", b"Connection: close")
    async with peer_of(answering(closing, then_close=True)) as peer:
        for _ in range(2):
            assert (await ask(http, peer.url))[0] == 200
        assert peer.connections == 2
        await http.close()


async def test_bytes_that_nobody_asked_for_are_no_answer() -> None:
    """A server that speaks on an idle connection (408, say) does not answer the next request."""
    http, spoken = client(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"a=b")
        writer.write(OK)
        await asyncio.sleep(0.01)
        writer.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        spoken.set()
        await reader.read()

    async with peer_of(serve) as peer:
        await ask(http, peer.url)
        await spoken.wait()
        while http._idle and any(one.usable for one in next(iter(http._idle.values()))):
            await asyncio.sleep(0)
        assert (await ask(http, peer.url))[0] == 200
        await http.close()


@pytest.mark.parametrize(
    ("serve", "error"),
    [
        (answering(then_close=True), NoAnswer),
        (answering(OK[:-1], then_close=True), Unreadable),
        (answering(OK[:12], then_close=True), Unreadable),
        (answering(b"SMTP ready\r\n\r\n"), Unreadable),
        (answering(b"HTTP/1.1 200 OK\r\n\r\nuntil the end", then_close=True), Unreadable),
    ],
    ids=["closed", "body cut", "head cut", "not HTTP", "no length"],
)
async def test_a_broken_answer_says_how_far_it_came(serve: Serve, error: type[HttpError]) -> None:
    """Nothing at all is NoAnswer; anything but a whole answer is Unreadable."""
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
    """Refused, or no such name: certainly without effect."""
    with pytest.raises(NotSent):
        await ask(client(), f"http://{host}:{free_port()}/")


async def test_a_line_break_in_a_header_is_never_sent() -> None:
    """A task id chosen by a stranger becomes the idempotency key: it must not become a header."""
    http = client()
    async with peer_of(answering(OK)) as peer:
        for value in ("x\r\nHost: other", "x\ny", "x\0"):
            with pytest.raises(NotSent):
                await ask(http, peer.url, key=value)
        assert peer.connections == 0


async def test_a_cancelled_request_takes_its_connection_with_it() -> None:
    """The late answer of a request that was given up is not the next one's."""
    http, arrived = client(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"a=b")
        arrived.set()
        await reader.read()

    async with peer_of(serve) as peer:
        asking = asyncio.create_task(ask(http, peer.url))
        await arrived.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert not http._idle
