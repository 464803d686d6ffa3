"""A caller that closes its connection ends its own wait, and nothing else."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import redis.asyncio
from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request

from producer.contract import Lane
from producer.http.app import create_app
from producer.http.requests.disconnect import while_connected
from producer.http.services import Services
from producer.http.waiting.presubscribed_ids import KEPT
from producer.journal.redis import keys
from producer.settings import WebSettings
from tests.unit.http.web import CUSTOMER, DEFAULT, running

_GONE: dict[str, Any] = {"type": "http.disconnect"}
_BODY = json.dumps(DEFAULT).encode()


class _Connection:
    """A connection as an ASGI server hands it on; its messages are given by the test."""

    def __init__(self, method: str, path: str, query: str = "") -> None:
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(b"host", b"localhost"), (b"prefer", b"wait=30")],
            "client": ("127.0.0.1", 1),
            "server": ("web", 80),
        }
        self._coming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: list[dict[str, Any]] = []

    def body(self, body: bytes = b"", *, more: bool = False) -> None:
        """The caller sends a piece of its body."""
        self._coming.put_nowait({"type": "http.request", "body": body, "more_body": more})

    def close(self) -> None:
        """The caller goes away."""
        self._coming.put_nowait(_GONE)

    async def receive(self) -> dict[str, Any]:
        return await self._coming.get()

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    async def through(self, app: FastAPI) -> None:
        """Have the app handle it."""
        await app(self.scope, self.receive, self.send)


@pytest.fixture
async def app(redis_url: str) -> AsyncIterator[FastAPI]:
    """A started app over an empty Valkey."""
    made = create_app(WebSettings.from_environ({"REDIS_URL": redis_url}))
    async with running(made):
        yield made


@pytest.fixture
async def valkey(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    """What the app wrote."""
    async with redis.asyncio.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


async def _accepted(valkey: redis.asyncio.Redis) -> list[str]:
    return cast(list[str], await valkey.zrange(keys.queued(Lane.INTERACTIVE.value), 0, -1))


async def _channels(valkey: redis.asyncio.Redis, count: int) -> None:
    """Return once so many are waited for, besides the process's own and those kept for callers."""
    async with asyncio.timeout(10):
        while len(await valkey.pubsub_channels("cards:changed:*")) != count + 1 + KEPT:
            await asyncio.sleep(0.01)


async def test_a_sender_that_goes_away_is_let_go_and_its_command_stays(
    app: FastAPI, valkey: redis.asyncio.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """The body came in pieces; the wait ends with the connection, the command is accepted."""
    caplog.set_level(logging.INFO, "producer.http.access")
    services: Services = app.state.services
    connection = _Connection("POST", "/api/cards/default")
    handling = asyncio.create_task(connection.through(app))
    connection.body(_BODY[:10], more=True)
    connection.body(_BODY[10:], more=True)
    connection.body()
    await _channels(valkey, 1)
    while not (accepted := await _accepted(valkey)):
        await asyncio.sleep(0.01)
    assert services.waiters.count() == 1
    connection.close()
    async with asyncio.timeout(10):
        await handling
    assert services.waiters.count() == 0
    await _channels(valkey, 0)
    assert await _accepted(valkey) == accepted
    assert not connection.sent
    line = rf"POST /api/cards/default 499 \S+ms task={accepted[0]}"
    assert re.fullmatch(line, caplog.messages[-1])


async def test_a_command_is_accepted_though_its_sender_left_at_once(
    app: FastAPI, valkey: redis.asyncio.Redis
) -> None:
    """A caller that sends and closes is not waited with, but its command is not cut short."""
    connection = _Connection("POST", "/api/cards/default")
    connection.body(_BODY)
    connection.close()
    async with asyncio.timeout(10):
        await connection.through(app)
    assert len(await _accepted(valkey)) == 1
    await _channels(valkey, 0)


@pytest.mark.parametrize(
    "path", ["/api/tasks/{}", "/api/tasks/{}/events", f"/api/cards/{CUSTOMER}"]
)
async def test_readers_that_go_away_are_let_go(
    app: FastAPI, valkey: redis.asyncio.Redis, path: str
) -> None:
    """Whoever waits for a task, follows it or waits for a worker's read is let go at once."""
    sent = _Connection("POST", "/api/cards/default")
    sent.body(_BODY)
    sent.close()
    await sent.through(app)
    (ident,) = await _accepted(valkey)
    connection = _Connection("GET", path.format(ident), "" if "cards" in path else "wait=30")
    handling = asyncio.create_task(connection.through(app))
    connection.body()
    await _channels(valkey, 1)
    connection.close()
    async with asyncio.timeout(8):  # less than a read may take
        await handling
    assert app.state.services.waiters.count() == 0
    await _channels(valkey, 0)


def _request(connection: _Connection) -> Request:
    return Request(connection.scope, connection.receive)


async def test_what_ends_before_the_connection_is_left_alone() -> None:
    """What is awaited returns, or fails with a timeout or cancellation of its own, as it would."""
    connection = _Connection("GET", "/")
    connection.body()
    async with while_connected(_request(connection)):
        await asyncio.sleep(0.01)
    with pytest.raises(TimeoutError):
        async with while_connected(_request(connection)):
            raise TimeoutError

    async def wait() -> None:
        async with while_connected(_request(connection)):
            await asyncio.Event().wait()

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert len(asyncio.all_tasks()) == 1


async def test_the_end_of_a_connection_cancels_what_is_awaited() -> None:
    """What is inside is cancelled, can clean up, and the caller's going is what is raised."""
    connection = _Connection("GET", "/")
    connection.body()
    connection.close()
    cancelled = asyncio.Event()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(ClientDisconnect):
        async with while_connected(_request(connection)):
            await wait()
    assert cancelled.is_set()
    current = asyncio.current_task()
    assert current is not None
    assert not current.cancelling()
