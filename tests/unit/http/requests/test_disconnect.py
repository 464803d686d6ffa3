"""A caller that disconnects ends its own wait, and nothing else."""

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
    """A connection as an ASGI server presents it, with messages from the test."""

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
        """Send a piece of the body."""
        self._coming.put_nowait({"type": "http.request", "body": body, "more_body": more})

    def close(self) -> None:
        """Disconnect."""
        self._coming.put_nowait(_GONE)

    async def receive(self) -> dict[str, Any]:
        return await self._coming.get()

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    async def through(self, app: FastAPI) -> None:
        """Let the app handle the request."""
        await app(self.scope, self.receive, self.send)


@pytest.fixture
async def app(redis_url: str) -> AsyncIterator[FastAPI]:
    """A started app over an empty Valkey."""
    made = create_app(WebSettings.from_environ({"REDIS_URL": redis_url}))
    async with running(made):
        yield made


@pytest.fixture
async def valkey(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    """A client of the app's Valkey."""
    async with redis.asyncio.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


async def _accepted(valkey: redis.asyncio.Redis) -> list[str]:
    return cast(list[str], await valkey.zrange(keys.queued(Lane.INTERACTIVE.value), 0, -1))


async def _channels(valkey: redis.asyncio.Redis, count: int) -> None:
    """Return once `count` channels are subscribed to, besides the process's and the pooled ones."""
    async with asyncio.timeout(10):
        while len(await valkey.pubsub_channels("cards:changed:*")) != count + 1 + KEPT:
            await asyncio.sleep(0.01)


async def test_a_disconnect_ends_the_wait_and_not_the_command(
    app: FastAPI, valkey: redis.asyncio.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """The body arrives in pieces; the wait ends with the connection, the command stays accepted."""
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


async def test_a_command_is_accepted_even_if_its_sender_left(
    app: FastAPI, valkey: redis.asyncio.Redis
) -> None:
    """A caller that sends and disconnects is not waited for, but its command is accepted."""
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
async def test_a_disconnect_ends_reads(
    app: FastAPI, valkey: redis.asyncio.Redis, path: str
) -> None:
    """Waiting for a task, streaming it and waiting for a worker's read all end at once."""
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


async def test_an_await_that_ends_before_a_disconnect_is_unaffected() -> None:
    """The awaited code returns, or fails with its own timeout or cancellation, as usual."""
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


async def test_a_disconnect_cancels_the_await() -> None:
    """The code inside is cancelled and can clean up, and ClientDisconnect is raised."""
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
