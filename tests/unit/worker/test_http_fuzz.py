"""Any bytes from a server give each request one outcome in time, and never another's answer."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import re
import ssl
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.stripe.http_client import (
    Answer,
    HttpConnections,
    HttpError,
    NoAnswer,
    NotSent,
    Unreadable,
)

_HEADERS = {"Content-Type": "text/plain"}


class Hostile:
    """Answers the first request with pieces of bytes, and every later one as it should.

    An honest answer holds the number of its request.
    """

    def __init__(self, pieces: list[bytes], *, closes: bool) -> None:
        self._pieces = pieces
        self._closes = closes
        self.requests: list[int] = []

    async def __aenter__(self) -> Hostile:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                asked = await reader.readuntil(b"!")
                number = int(re.findall(rb"n=(\d+)!", asked)[0])
                self.requests.append(number)
                pieces = self._pieces if number == 1 else [honest(number)]
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                if number == 1 and self._closes:
                    return
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def honest(number: int) -> bytes:
    body = b"this is answer %d" % number
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def outcomes(
    pieces: list[bytes], *, closes: bool, timeout: float = 60
) -> list[Answer | HttpError]:
    """The outcomes of the first request and of two more."""
    http = HttpConnections(timeout=timeout, connect_timeout=60, tls=ssl.create_default_context)
    found: list[Answer | HttpError] = []
    async with Hostile(pieces, closes=closes) as server:
        for number in (1, 2, 3):
            try:
                found.append(await http.request("POST", server.url, _HEADERS, b"n=%d!" % number))
            except HttpError as error:
                found.append(error)
        await http.close()
        assert len(set(server.requests)) == len(server.requests), "sent twice"
        return found


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False) if start < end]


def chunked(parts: list[bytes]) -> bytes:
    chunks = b"".join(b"%x;x=y\r\n%s\r\n" % (len(part), part) for part in parts if part)
    return b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\nTrailer: x\r\n\r\n"


bodies = st.binary(max_size=200)
places = st.lists(st.integers(0, 10_000), max_size=12)
interim = st.sampled_from(
    [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"]
)
statuses = st.sampled_from([200, 201, 400, 402, 404, 409, 429, 500, 503])


@st.composite
def whole_answers(draw: st.DrawFn) -> tuple[int, bytes, bytes]:
    """Status, body, and a raw answer with them."""
    status, parts = draw(statuses), draw(st.lists(bodies, max_size=4))
    body = b"".join(parts)
    rest = (
        chunked(parts) if draw(st.booleans()) else b"Content-Length: %d\r\n\r\n" % len(body) + body
    )
    start = draw(interim) + b"HTTP/1.1 %d Reason\r\nRequest-Id: req_1\r\n" % status
    return status, body, start + draw(st.sampled_from([b"", b"Connection: close\r\n"])) + rest


_GRAMMAR = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n",
        b"HTTP/9.9 999 ?\r\n",
        b"HTTP/1.1 -1 OK\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 0\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: 99999999999999999999999\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Content-Encoding: gzip\r\n",
        b"Connection: close\r\n",
        b"Connection: keep-alive\r\n",
        b"Set-Cookie: a=b\r\n",
        b"Location: http://127.0.0.1:1/\r\n",
        b" folded\r\n",
        b"no colon\r\n",
        b": no name\r\n",
        b"X: \0\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"ffffffffffffffff\r\n",
        b"fffffffffffffffffffffffff\r\n",
        b"-1\r\n",
        b"hello",
        b"\x16\x03\x01\x02\x00\x01",
        honest(9),
    ]
)
streams = st.lists(st.one_of(_GRAMMAR, st.binary(max_size=40)), max_size=14).map(b"".join)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One loop for all examples."""
    with asyncio.Runner() as runner:
        yield runner


@given(answer=whole_answers(), places=places, closes=st.booleans())
def test_a_whole_answer_is_the_same_however_it_is_cut(
    runner: asyncio.Runner, answer: tuple[int, bytes, bytes], places: list[int], closes: bool
) -> None:
    """Status and body arrive as they were sent, and later requests get their own."""
    status, body, sent = answer
    first, *others = runner.run(outcomes(cut(sent, places), closes=closes))
    assert isinstance(first, tuple), first
    assert (first[0], first[2], first[1]["request-id"]) == (status, body, "req_1")
    check_honest(others)


@given(answer=whole_answers(), places=places, end=st.integers(0, 10_000))
def test_a_part_of_an_answer_is_never_taken_for_the_whole(
    runner: asyncio.Runner, answer: tuple[int, bytes, bytes], places: list[int], end: int
) -> None:
    """If the connection ends before the answer does, it is no answer."""
    sent = answer[2]
    part = sent[: end % len(sent)]
    first, *others = runner.run(outcomes(cut(part, places), closes=True))
    assert isinstance(first, NoAnswer | Unreadable), first
    check_honest(others)


@given(stream=streams, places=places)
def test_any_bytes_end_in_an_outcome_and_spoil_no_other_request(
    runner: asyncio.Runner, stream: bytes, places: list[int]
) -> None:
    """With garbage, double answers or contradicting lengths nothing is sent twice or mixed up."""
    first, *others = runner.run(outcomes(cut(stream, places), closes=True))
    # It was sent, so the outcome must not be NotSent.
    assert isinstance(first, tuple | NoAnswer | Unreadable), first
    check_honest(others)


@settings(max_examples=20)
@given(stream=streams, places=places)
def test_a_server_that_says_no_more_is_left_with_the_timeout(
    runner: asyncio.Runner, stream: bytes, places: list[int]
) -> None:
    """If the connection stays open after the same bytes, the timeout ends the request."""
    first, *others = runner.run(outcomes(cut(stream, places), closes=False, timeout=0.2))
    # On a busy machine connecting alone may take the whole timeout.
    assert isinstance(first, tuple | NotSent | NoAnswer | Unreadable), first
    check_honest(others)


_ENDLESS = {
    "a header": (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65_536),
    "a header's name": (b"HTTP/1.1 200 OK\r\nX", b"x" * 65_536),
    "a reason": (b"HTTP/1.1 200 ", b"x" * 65_536),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 10_000),
    "answers before the answer": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 3_000),
    "a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", b"x" * 65_536),
    "a body without length": (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536),
    "a chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n",
        b"x" * 65_536,
    ),
    "chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1\r\nx\r\n" * 10_000,
    ),
    "a chunk's extension": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=",
        b"x" * 65_536,
    ),
    "a trailer": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
        b"x" * 65_536,
    ),
    "trailers": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"X: y\r\n" * 10_000,
    ),
    "answers behind the answer": (
        honest(1),
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 2_000,
    ),
}


@pytest.mark.parametrize("what", _ENDLESS)
async def test_what_never_ends_is_cut_off_and_not_kept(what: str) -> None:
    """An endless answer ends by the timeout at the latest, and does not fill memory until then."""
    start, more = _ENDLESS[what]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.readuntil(b"!")
            writer.write(start)
            while True:
                writer.write(more)
                await writer.drain()
                await asyncio.sleep(0)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    http = HttpConnections(timeout=2, connect_timeout=2, tls=ssl.create_default_context)
    gc.collect()
    tracemalloc.start()
    try:
        outcome = await http.request("POST", url, _HEADERS, b"n=1!")
    except (NoAnswer, Unreadable):
        assert what != "answers behind the answer"
    else:
        assert what == "answers behind the answer", outcome
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    await http.close()
    server.close()
    assert peak < 20 << 20


def check_honest(others: list[Answer | HttpError]) -> None:
    for number, other in enumerate(others, start=2):
        # The rest of the first answer, or its end, may arrive during the second: undefined.
        if not isinstance(other, NoAnswer | Unreadable):
            assert isinstance(other, tuple), other
            assert (other[0], other[2]) == (200, b"this is answer %d" % number)
