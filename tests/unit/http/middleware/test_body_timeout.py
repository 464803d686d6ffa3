"""Timeouts and the minimum rate of request bodies."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from starlette.types import Message, Receive, Scope, Send

from producer.http.metrics.request_metrics import Metrics
from producer.http.middleware.body_timeout import BodyTimeout, BodyTooSlow
from producer.http.server.client_limits import ClientLimits

_SCOPE: Scope = {"type": "http"}


class _Clock:
    """The event loop's time, which advances only with the client's messages."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ahead = 0.0
        loop = asyncio.get_running_loop()
        real = loop.time
        monkeypatch.setattr(loop, "time", lambda: real() + self._ahead, raising=False)

    def pass_(self, seconds: float) -> None:
        self._ahead += seconds


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    """A clock controlled by the test."""
    return _Clock(monkeypatch)


async def _read(
    parts: list[tuple[float, int]], clock: _Clock, limits: ClientLimits, *, answered: bool = False
) -> tuple[int, list[Message]]:
    """How many bytes the application read of parts (seconds of delay, bytes), and what it sent."""
    coming = iter(parts)
    sent: list[Message] = []
    read = 0

    async def receive() -> Message:
        wait, size = next(coming, (0.0, -1))
        clock.pass_(wait)
        await asyncio.sleep(0)
        if size < 0:
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.request", "body": bytes(size), "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        nonlocal read
        if answered:
            await send({"type": "http.response.start", "status": 200})
        try:
            more = True
            while more:
                message = await receive()
                sent.append(message)
                read += len(message.get("body", b""))
                more = message.get("more_body", False)
        except BodyTooSlow as slow:
            await send({"type": "http.response.start", "status": slow.http_status})

    await BodyTimeout(app, limits, Metrics())(_SCOPE, receive, send)
    return read, [message for message in sent if message["type"] != "http.request"]


_LIMITS = ClientLimits(body_s=30, body_rate=4096)


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([(31, 10)], 408),
        ([(29, 1)] * 10, 408),
        ([(1, 2000)] * 100, 408),
        ([(29, 16_000)], None),
        ([(20, 100_000)] * 50, None),
        ([(1, 4200)] * 1000, None),
        ([(0, 0)] * 1000, None),
    ],
    ids=["nothing", "a byte", "below the rate", "late", "bursts", "at the rate", "fast"],
)
async def test_a_body_that_falls_behind_is_408(
    clock: _Clock, parts: list[tuple[float, int]], status: int | None
) -> None:
    """A body may fall 30 s behind 4096 bytes a second, and no further."""
    read, sent = await _read(parts, clock, _LIMITS)
    assert [message.get("status") for message in sent] == ([status] if status else [])
    if not status:
        assert read == sum(size for _, size in parts)


async def test_a_fast_start_earns_no_extra_time(clock: _Clock) -> None:
    """A body that started fast still has only 30 s when it stalls."""
    _, sent = await _read([(0, 10_000_000), (31, 1)], clock, _LIMITS)
    assert [message["status"] for message in sent] == [408]


async def test_without_a_rate_any_progress_suffices(clock: _Clock) -> None:
    """With a rate of 0, only the time without progress is limited."""
    limits = ClientLimits(body_s=30, body_rate=0)
    assert await _read([(29, 1)] * 10, clock, limits) == (10, [])
    assert (await _read([(31, 1)], clock, limits))[1][0]["status"] == 408


async def test_after_the_answer_a_slow_body_is_a_disconnect(clock: _Clock) -> None:
    """A streaming response sees a disconnect, since it has already answered."""
    _, sent = await _read([(31, 1)], clock, _LIMITS, answered=True)
    assert [message["type"] for message in sent] == ["http.response.start", "http.disconnect"]


async def test_waiting_after_the_body_is_not_timed(clock: _Clock) -> None:
    """Once the body is complete, waiting for a disconnect has no timeout."""
    told: list[str] = []
    messages: Iterator[Message] = iter(
        [{"type": "http.request", "body": b"{}", "more_body": False}, {"type": "http.disconnect"}]
    )

    async def receive() -> Message:
        clock.pass_(40 if told else 0)
        await asyncio.sleep(0)
        return next(messages)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(2):
            told.append((await receive())["type"])

    async def send(_: Message) -> None:
        raise AssertionError

    await BodyTimeout(app, _LIMITS, Metrics())(_SCOPE, receive, send)
    assert told == ["http.request", "http.disconnect"]
