"""Limits on what a client sends, withholds and leaves unread, on one connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from producer.http.rejections import Rejection
from tests.unit.http.limited_server import GET, WAITING, Serving, serving
from tests.unit.http.raw import RawClient

_LIMIT = 32_768
_CHUNKED = b"POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"
_TOO_LARGE = {
    "one header": GET + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
    "just too large": GET + b"X: " + b"a" * (_LIMIT - 12) + b"\r\n\r\n",
    "a name": GET + b"a" * 200_000 + b": x\r\n\r\n",
    "many": GET + b"".join(b"X-%d: y\r\n" % n for n in range(100_000)) + b"\r\n",
    "small but too many": GET + b"a:b\r\n" * 101 + b"\r\n",
    "the target": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "without an end": GET + b"X: " + b"a" * _LIMIT,
    "empty lines": b"\r\n" * _LIMIT,
    "a trailer": _CHUNKED + b"0\r\nT: " + b"a" * 200_000,
    "trailers": _CHUNKED + b"0\r\n" + b"T: a\r\n" * 50_000,
    "a chunk's extension": _CHUNKED + b"2;" + b"a" * 200_000,
}


@pytest.fixture
async def server() -> AsyncIterator[Serving]:
    """A server with the default sizes and long timeouts."""
    async with serving() as made:
        yield made


@pytest.mark.parametrize("request_", _TOO_LARGE.values(), ids=_TOO_LARGE)
@pytest.mark.parametrize("before", [b"", GET + b"\r\n"], ids=["first", "kept"])
async def test_too_large_heads_trailers_and_extensions_are_431(
    server: Serving, request_: bytes, before: bytes
) -> None:
    """The answer is an envelope, the rejection is counted once, and the connection is closed."""
    async with RawClient(server.port) as client:
        if before:
            await client.send(before)
            assert (await client.answer()).status == 200
        await client.send(request_)
        answer = await client.answer()
        assert (answer.status, answer.code) == (431, "head_too_large")
        assert answer.headers["connection"] == "close"
        assert await client.ended() == b""
    assert server.rejected(Rejection.HEAD_TOO_LARGE) == 1


@pytest.mark.parametrize(
    "request_",
    [
        GET + b"X: " + b"a" * (_LIMIT - 20) + b"\r\n\r\n",
        GET + b"a:b\r\n" * 99 + b"\r\n",
        _CHUNKED + b"1;x=y\r\na\r\n" * 20_000 + b"0\r\nT: a\r\n\r\n",
    ],
    ids=["large", "many", "small chunks"],
)
async def test_requests_within_the_limits_are_served(server: Serving, request_: bytes) -> None:
    """A head just within the limits and a long body in small chunks are served."""
    async with RawClient(server.port) as client:
        await client.send(request_)
        assert (await client.answer()).status == 200
        await client.send(GET + b"\r\n")
        assert (await client.answer()).status == 200


async def test_trailers_are_no_headers(server: Serving) -> None:
    """Trailers do not become the request's headers."""
    async with RawClient(server.port) as client:
        await client.send(_CHUNKED + b"0\r\nIdempotency-Key: x\r\n\r\n")
        assert (await client.answer()).status == 200
    names = [name for name, _ in (await server.app.asked.get())["headers"]]
    assert names == [b"host", b"transfer-encoding"]


@pytest.mark.parametrize(
    ("behind", "status", "code"),
    [
        (GET + b"X: " + b"a" * 200_000, 431, "head_too_large"),
        (b"nonsense\r\n\r\n", 400, "malformed_request"),
        (b"GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed_request"),
        (_CHUNKED + b"0\r\nT: " + b"a" * 200_000, 431, "head_too_large"),
    ],
)
async def test_a_refusal_waits_for_the_answers_before_it(
    server: Serving, behind: bytes, status: int, code: str
) -> None:
    """A rejection pipelined behind a waiting request is answered in order."""
    async with RawClient(server.port) as client:
        await client.send(WAITING + GET + b"\r\n" + behind)
        await server.app.asked.get()
        server.app.may_answer.set()
        for _ in range(2):
            earlier = await client.answer()
            assert (earlier.status, earlier.body) == (200, b"ok")
        last = await client.answer()
        assert (last.status, last.code) == (status, code)
        assert await client.ended() == b""


async def test_pipelining_is_limited(server: Serving) -> None:
    """Of a thousand pipelined requests, the first 33 are answered and the next one gets 503."""
    async with RawClient(server.port) as client:
        await client.send(WAITING + (GET + b"\r\n") * 1000)
        await server.app.asked.get()
        server.app.may_answer.set()
        for _ in range(33):
            assert (await client.answer()).status == 200
        last = await client.answer()
        assert (last.status, last.code) == (503, "too_many_pipelined")
        assert int(last.headers["retry-after"]) > 0
        assert await client.ended() == b""


@pytest.mark.parametrize("how_much", ["", "G", "GET / HTTP/1.1\r\nHost: a\r\nX: ", "\r\n"])
@pytest.mark.parametrize("before", [b"", GET + b"\r\n"], ids=["first", "kept"])
async def test_an_unfinished_head_is_408(how_much: str, before: bytes) -> None:
    """A client that has sent anything gets an answer; a silent one is closed without."""
    async with serving(head_s=0.05, idle_s=0.05) as server, RawClient(server.port) as client:
        if before:
            await client.send(before)
            await client.answer()
        await client.send(how_much.encode())
        if how_much:
            answer = await client.answer()
            assert (answer.status, answer.code) == (408, "request_timeout")
        assert await client.ended() == b""
        slow = bool(how_much or not before)  # closing an idle connection is no rejection
        assert server.rejected(Rejection.HEAD_SLOW) == slow


async def test_a_trickling_head_is_408() -> None:
    """Sending a byte now and then gains no time."""
    async with serving(head_s=0.3) as server, RawClient(server.port) as client:
        client.sending(b"X: y\r\n", 1)
        reading = asyncio.create_task(client.answer())
        await client.send(GET)
        while not reading.done():
            await client.send(b"X")
            await asyncio.wait([reading], timeout=0.02)
        assert (await reading).status == 408


async def test_timeouts_of_heads_do_not_apply_to_waiting_callers(server: Serving) -> None:
    """The timeouts of heads do not run while the client waits for an answer."""
    async with serving(head_s=0.05, idle_s=0.05) as server, RawClient(server.port) as client:
        await client.send(WAITING)
        await server.app.asked.get()
        async with RawClient(server.port) as other:
            await other.ended()  # the timeout of a head has passed
        server.app.may_answer.set()
        assert (await client.answer()).status == 200


async def test_an_unread_head_is_not_late() -> None:
    """A head behind two pipelined requests has its full time once those are answered."""
    async with serving(head_s=0.05, idle_s=30) as server, RawClient(server.port) as client:
        await client.send(WAITING + GET + b"\r\n" + GET)
        await server.app.asked.get()
        async with RawClient(server.port) as other:
            await other.ended()  # the timeout of a head has passed
        server.app.may_answer.set()
        await client.send(b"\r\n")
        for _ in range(3):
            assert (await client.answer()).status == 200


@pytest.mark.parametrize("begun", [b"", b"a" * 900_000], ids=["nothing", "much"])
async def test_an_answer_before_the_whole_body_is_the_last(server: Serving, begun: bytes) -> None:
    """It announces the close; a client that goes on sending can read it; its input is dropped."""
    request = b"POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
    async with RawClient(server.port) as client:
        await client.send(request + begun)
        answer = await client.answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert await client.ended() == b""


@pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
async def test_after_a_complete_body_the_connection_is_kept(server: Serving, apart: bool) -> None:
    """A complete body keeps the connection: with the head or after it, with length or chunked."""
    length = b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
    async with RawClient(server.port) as client:
        for head, body in ((length, b"late"), (_CHUNKED, b"0\r\n\r\n")) * 2:
            await client.send(*((head,) if apart else ()))
            if apart:
                await server.app.asked.get()
            await client.send(body if apart else head + body)
            answer = await client.answer()
            assert (answer.status, answer.headers.get("connection")) == (200, None)


async def test_a_broken_answer_before_the_whole_body_ends_the_connection(server: Serving) -> None:
    """If the application fails while a body is incomplete, the connection is closed."""
    async with RawClient(server.port) as client:
        await client.send(b"POST /broken HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        told = await client.ended()
        assert told.startswith(b"HTTP/1.1 200 ")
        assert not told.endswith(b"ok")


async def test_the_handler_of_an_endless_request_sees_a_disconnect(server: Serving) -> None:
    """A handler that reads a body with endless trailers sees a disconnect."""
    async with RawClient(server.port) as client:
        await client.send(_CHUNKED + b"0\r\nT: " + b"a" * 200_000)
        assert (await client.answer()).status == 431
        await server.app.gone.wait()


async def test_an_unread_answer_closes_the_connection() -> None:
    """An answer that has filled the buffers waits a limited time for its reader."""
    async with (
        serving(answer_s=0.1) as server,
        RawClient(server.port, buffer=4096) as client,
    ):
        await client.send(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        await server.app.gone.wait()
        assert server.rejected(Rejection.ANSWER_UNREAD) == 1


async def test_clients_that_go_on_sending_can_read_the_last_answer(server: Serving) -> None:
    """Input after a rejection is discarded for a while, so that no reset overtakes the answer."""
    async with RawClient(server.port) as client:
        await client.send(GET + b"X: " + b"a" * 4_000_000)
        assert (await client.answer()).status == 431


async def test_too_many_connections_are_503(caplog: pytest.LogCaptureFixture) -> None:
    """One connection over the limit gets 503 with Retry-After; the log names only the reason."""
    caplog.set_level(logging.WARNING)
    async with serving(connections=1) as server, RawClient(server.port) as first:
        await first.send(WAITING)
        await server.app.asked.get()
        async with RawClient(server.port) as client:
            await client.send(GET + b"X-Secret: marked\r\n\r\n")
            answer = await client.answer()
            assert (answer.status, answer.code) == (503, "too_many_connections")
            assert int(answer.headers["retry-after"]) > 0
            assert await client.ended() == b""
        assert server.rejected(Rejection.CONNECTIONS) == 1
        assert "rejected 127.0.0.1: connections" in caplog.text
        assert "marked" not in caplog.text
        server.app.may_answer.set()
        assert (await first.answer()).status == 200


async def test_unfinished_heads_are_limited() -> None:
    """Of the connections with a started head, the oldest makes room for the next one that stops."""
    async with (
        serving(unfinished_per_address=1) as server,
        RawClient(server.port) as silent,
        RawClient(server.port) as first,
        RawClient(server.port) as second,
    ):
        while len(server.context.connections.unfinished) < 3:
            await asyncio.sleep(0.01)
        await first.send(b"G")
        while not server.context.connections.started("127.0.0.1"):
            await asyncio.sleep(0.01)
        await second.send(b"G")
        answer = await first.answer()
        assert (answer.status, answer.code) == (503, "too_many_connections")
        for one in (second, silent):
            await one.send(GET[1:] + b"\r\n" if one is second else GET + b"\r\n")
            assert (await one.answer()).status == 200
        assert server.rejected(Rejection.UNFINISHED) == 1


async def test_silent_connections_make_room() -> None:
    """With all places taken by silent connections, a client that sends a head is served."""
    async with serving(connections=3) as server:
        silent = [RawClient(server.port) for _ in range(3)]
        for one in silent:
            await one.__aenter__()
        try:
            while len(server.context.connections.unfinished) < 3:
                await asyncio.sleep(0.01)
            async with RawClient(server.port) as client:
                await client.send(GET + b"\r\n")
                assert (await client.answer()).status == 200
            assert (await silent[0].answer()).status == 503
        finally:
            for one in silent:
                await one.__aexit__()
        while len(server.context.connections):
            await asyncio.sleep(0.01)
