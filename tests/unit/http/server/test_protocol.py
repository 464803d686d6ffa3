"""What a client may send, withhold and leave unread, on one connection."""

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
    """One with the sizes as they are, and no hurry."""
    async with serving() as made:
        yield made


@pytest.mark.parametrize("request_", _TOO_LARGE.values(), ids=_TOO_LARGE)
@pytest.mark.parametrize("before", [b"", GET + b"\r\n"], ids=["first", "kept"])
async def test_too_much_before_or_around_a_body_is_431_and_the_end(
    server: Serving, request_: bytes, before: bytes
) -> None:
    """It is told in an envelope, counted once, and the connection is closed."""
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
async def test_what_is_within_the_limits_is_served(server: Serving, request_: bytes) -> None:
    """Neither a head just within them, nor a long body in small chunks, is refused."""
    async with RawClient(server.port) as client:
        await client.send(request_)
        assert (await client.answer()).status == 200
        await client.send(GET + b"\r\n")
        assert (await client.answer()).status == 200


async def test_trailers_are_no_headers(server: Serving) -> None:
    """A request's headers do not grow with its body."""
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
    """Pipelined behind a command that is waited for, it is answered in its turn."""
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


async def test_pipelining_has_an_end(server: Serving) -> None:
    """Of a thousand requests at once, the first 33 are answered, the next one is 503."""
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
async def test_a_head_that_does_not_come_is_408(how_much: str, before: bytes) -> None:
    """Whoever has sent anything is told; whoever has not is closed without a word."""
    async with serving(head_s=0.05, idle_s=0.05) as server, RawClient(server.port) as client:
        if before:
            await client.send(before)
            await client.answer()
        await client.send(how_much.encode())
        if how_much:
            answer = await client.answer()
            assert (answer.status, answer.code) == (408, "request_timeout")
        assert await client.ended() == b""
        slow = bool(how_much or not before)  # an idle connection's end is no offence
        assert server.rejected(Rejection.HEAD_SLOW) == slow


async def test_a_trickling_head_is_408() -> None:
    """A byte now and then does not give it more time."""
    async with serving(head_s=0.3) as server, RawClient(server.port) as client:
        client.sending(b"X: y\r\n", 1)
        reading = asyncio.create_task(client.answer())
        await client.send(GET)
        while not reading.done():
            await client.send(b"X")
            await asyncio.wait([reading], timeout=0.02)
        assert (await reading).status == 408


async def test_whoever_waits_is_not_hurried(server: Serving) -> None:
    """The times for a head do not count while an answer is awaited, whatever they are."""
    async with serving(head_s=0.05, idle_s=0.05) as server, RawClient(server.port) as client:
        await client.send(WAITING)
        await server.app.asked.get()
        async with RawClient(server.port) as other:
            await other.ended()  # the time for a head has passed
        server.app.may_answer.set()
        assert (await client.answer()).status == 200


async def test_a_head_that_is_not_read_is_not_late() -> None:
    """What follows two pipelined requests has its time once those are answered."""
    async with serving(head_s=0.05, idle_s=30) as server, RawClient(server.port) as client:
        await client.send(WAITING + GET + b"\r\n" + GET)
        await server.app.asked.get()
        async with RawClient(server.port) as other:
            await other.ended()  # the time for a head has passed
        server.app.may_answer.set()
        await client.send(b"\r\n")
        for _ in range(3):
            assert (await client.answer()).status == 200


@pytest.mark.parametrize("begun", [b"", b"a" * 900_000], ids=["nothing", "much"])
async def test_an_answer_before_the_whole_body_is_the_last(server: Serving, begun: bytes) -> None:
    """It says so, and is read also by those who send on, and what they send is not held."""
    request = b"POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
    async with RawClient(server.port) as client:
        await client.send(request + begun)
        answer = await client.answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert await client.ended() == b""


@pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
async def test_a_body_that_was_read_ends_nothing(server: Serving, apart: bool) -> None:
    """Sent with its head or after it, with a length or in chunks: the connection is kept."""
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
    """Where the application breaks off while a body is outstanding, the client is let go."""
    async with RawClient(server.port) as client:
        await client.send(b"POST /broken HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        told = await client.ended()
        assert told.startswith(b"HTTP/1.1 200 ")
        assert not told.endswith(b"ok")


async def test_a_request_without_an_end_is_taken_from_its_handler(server: Serving) -> None:
    """Whoever reads a body whose trailers have no end is told that its caller has gone."""
    async with RawClient(server.port) as client:
        await client.send(_CHUNKED + b"0\r\nT: " + b"a" * 200_000)
        assert (await client.answer()).status == 431
        await server.app.gone.wait()


async def test_a_caller_that_does_not_read_is_cut_off() -> None:
    """An answer that has filled the buffers waits for its reader for a bounded time."""
    async with (
        serving(answer_s=0.1) as server,
        RawClient(server.port, buffer=4096) as client,
    ):
        await client.send(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        await server.app.gone.wait()
        assert server.rejected(Rejection.ANSWER_UNREAD) == 1


async def test_a_last_answer_is_read_by_those_who_go_on_sending(server: Serving) -> None:
    """What is sent after a refusal is dropped for a while: no reset overtakes the answer."""
    async with RawClient(server.port) as client:
        await client.send(GET + b"X: " + b"a" * 4_000_000)
        assert (await client.answer()).status == 431


async def test_too_many_are_told_so(caplog: pytest.LogCaptureFixture) -> None:
    """One more than the bound is 503 with Retry-After; the log names the reason, no content."""
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


async def test_heads_that_do_not_go_on_are_bounded() -> None:
    """Of those that have begun a head, the longest makes room for the next one that stops."""
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


async def test_silent_connections_make_room_for_others() -> None:
    """With every place taken by heads that do not come, whoever sends one is served."""
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
