"""Whoever waits at a real web process is answered when the command ends, without polling."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import redis.asyncio

from local.valkey import ValkeyServer
from producer.contract import Envelope, Lane
from producer.journal import Journal, keys
from tests.unit.http.web import ASSIGN, DEFAULT, WebProcess, begin, finish

pytestmark = pytest.mark.integration

_CALLERS = 500
_LEAVING = 200
_GENEROUS_S = 2.0


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    """A Valkey of the test's own, which it may kill; writes do not wait for the disk."""
    with ValkeyServer(tmp_path / "valkey", config={"appendfsync": "everysec"}) as server:
        yield server


@pytest.fixture
def web(valkey: ValkeyServer) -> Iterator[WebProcess]:
    """A web process over it."""
    with WebProcess(valkey.url) as process:
        yield process


@pytest.fixture
async def journal(valkey: ValkeyServer) -> AsyncIterator[Journal]:
    """The journal, as a worker has it."""
    made = Journal(valkey.url)
    yield made
    await made.aclose()


@pytest.fixture
async def session(web: WebProcess) -> AsyncIterator[aiohttp.ClientSession]:
    """A client with as many connections as it likes."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(web.url, connector=connector) as made:
        yield made


class _Answer:
    def __init__(self, status: int, headers: Any, body: dict[str, Any]) -> None:
        self.at = time.monotonic()
        self.status = status
        self.headers = headers
        self.body = body


async def _post(
    session: aiohttp.ClientSession, number: int = 0, path: str = "default", **headers: str
) -> _Answer:
    body = {**(DEFAULT if path == "default" else ASSIGN), "userId": f"cus_{number}x"}
    async with session.post(f"/api/cards/{path}", json=body, headers=headers) as response:
        return _Answer(response.status, response.headers, await response.json())


async def _waiting(session: aiohttp.ClientSession, count: int) -> None:
    """Return once that many callers wait."""
    await _counted(session, f"cards_http_waiters {count}.0")


async def _counted(session: aiohttp.ClientSession, told: str) -> None:
    """Return once the metrics say so."""
    while True:
        async with session.get("/metrics") as response:
            text = await response.text()
        if told in text:
            return
        await asyncio.sleep(0.02)


async def _queued(client: redis.asyncio.Redis, count: int) -> list[str]:
    while True:
        ids: Any = await client.zrange(keys.queued(Lane.INTERACTIVE.value), 0, -1)
        if len(ids) >= count:
            return [ident.decode() for ident in ids]
        await asyncio.sleep(0.02)


async def test_many_callers_are_each_answered_at_their_commands_end(
    web: WebProcess, valkey: ValkeyServer, journal: Journal, session: aiohttp.ClientSession
) -> None:
    """500 callers wait over one subscription; each gets its own result, promptly, unpolled."""
    began = time.monotonic()
    posts = [
        asyncio.create_task(_post(session, number, Prefer="wait=30")) for number in range(_CALLERS)
    ]
    async with redis.asyncio.Redis.from_url(valkey.url) as client:
        ids = await _queued(client, _CALLERS)
        await _waiting(session, _CALLERS)
        assert len(await client.client_list(_type="pubsub")) == 1
        await client.config_resetstat()
        taken = [await begin(journal, ident) for ident in ids]
        ended: dict[str, float] = {}
        for ident, grant in zip(ids, taken, strict=True):
            await finish(journal, grant, Envelope.yes("hecho", {"of": ident}))
            ended[ident] = time.monotonic()
        answers = await asyncio.gather(*posts)
        reads = (await client.info("commandstats"))["cmdstat_get"]["calls"]
        elapsed = time.monotonic() - began
    assert {answer.body["data"]["of"] for answer in answers} == set(ids)
    for answer in answers:
        task_id = answer.body["data"]["of"]
        assert answer.headers["Content-Location"] == f"/api/tasks/{task_id}"
    # Measured from the worker's call returned: an answer may be seen before that.
    late = sorted(max(0.0, a.at - ended[a.body["data"]["of"]]) * 1000 for a in answers)
    p50, p99 = late[len(late) // 2], late[len(late) * 99 // 100]
    print(f"\nend to answer, {_CALLERS} callers: p50 {p50:.1f} p99 {p99:.1f} max {late[-1]:.1f} ms")
    assert late[-1] < _GENEROUS_S * 1000
    # One GET per status read: one read per end, and the net below, at most once in 5 s.
    assert reads <= _CALLERS * (2 + elapsed / 5)


async def _channels(client: redis.asyncio.Redis, count: int) -> None:
    """Return once so many commands and reads are waited for; one channel is the process's own."""
    while len(await client.pubsub_channels("cards:changed:*")) != count + 1:
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("request_line", "told"),
    [
        ("POST /api/cards/default", 'route="/api/cards/default",status="499"'),
        ("GET /api/tasks/{task}?wait=30", 'route="/api/tasks/{taskId}",status="499"'),
        ("GET /api/cards/{customer}", 'route="/api/cards/{userId}",status="499"'),
        ("GET /api/tasks/{task}/events", 'route="/api/tasks/{taskId}/events",status="200"'),
    ],
)
async def test_callers_that_close_their_connection_are_let_go(
    web: WebProcess,
    valkey: ValkeyServer,
    session: aiohttp.ClientSession,
    request_line: str,
    told: str,
) -> None:
    """200 callers wait and close, or cut, their connections: nothing is waited for any more.

    Each is counted as gone, so none was let go because its time was up.
    """
    accepted = await asyncio.gather(
        *(_post(session, number, Prefer="respond-async") for number in range(_LEAVING))
    )
    writers = []
    async with asyncio.timeout(60), redis.asyncio.Redis.from_url(valkey.url) as client:
        for number, answer in enumerate(accepted):
            line = request_line.format(
                task=answer.body["data"]["taskId"], customer=f"cus_{number}x"
            )
            body = json.dumps({**DEFAULT, "userId": f"cus_{number}y"}) if "POST" in line else ""
            _, writer = await asyncio.open_connection("127.0.0.1", web.port)
            writer.write(
                f"{line} HTTP/1.1\r\nHost: web\r\nPrefer: wait=30\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
            )
            writers.append(writer)
        await _channels(client, _LEAVING)
        if "POST" in request_line:
            await _queued(client, 2 * _LEAVING)
        for writer in writers[::2]:
            writer.close()
        for writer in writers[1::2]:
            writer.transport.abort()
        await _channels(client, 0)
        await _waiting(session, 0)
        await _counted(session, f"{told}}} {_LEAVING}.0")


async def test_nothing_is_asked_while_nothing_happens(
    valkey: ValkeyServer, journal: Journal, session: aiohttp.ClientSession
) -> None:
    """While a caller waits and its command does not end, Redis is not asked for its status."""
    post = asyncio.create_task(_post(session))
    async with redis.asyncio.Redis.from_url(valkey.url) as client:
        (ident,) = await _queued(client, 1)
        await _waiting(session, 1)
        taken = await begin(journal, ident)
        await client.config_resetstat()
        for _ in range(100):  # a hundred turns of the process, none of which may ask
            await _waiting(session, 1)
        assert "cmdstat_get" not in await client.info("commandstats")
    await finish(journal, taken)
    assert (await post).status == 200


async def test_a_lost_subscription_loses_no_end(
    valkey: ValkeyServer, journal: Journal, session: aiohttp.ClientSession
) -> None:
    """An end that is published while the subscription is down is answered after it is back."""
    post = asyncio.create_task(_post(session, Prefer="wait=30"))
    async with redis.asyncio.Redis.from_url(valkey.url) as client:
        (ident,) = await _queued(client, 1)
        await _waiting(session, 1)
        taken = await begin(journal, ident)
        await client.client_kill_filter(_type="pubsub")
        told = await finish(journal, taken)
    async with asyncio.timeout(10):
        answer = await post
    assert (answer.status, answer.body) == (200, told)


async def test_callers_survive_a_crash_of_redis(
    valkey: ValkeyServer, journal: Journal, session: aiohttp.ClientSession
) -> None:
    """Redis is killed and comes back while a caller waits: it is answered nevertheless."""
    post = asyncio.create_task(_post(session, Prefer="wait=30"))
    async with redis.asyncio.Redis.from_url(valkey.url) as client:
        (ident,) = await _queued(client, 1)
    await _waiting(session, 1)
    await asyncio.to_thread(valkey.kill)
    await asyncio.to_thread(valkey.start)
    told = await finish(journal, await begin(journal, ident))
    async with asyncio.timeout(20):
        answer = await post
    assert (answer.status, answer.body) == (200, told)


async def test_an_accepted_command_is_answered_202_when_redis_goes_away(
    valkey: ValkeyServer, session: aiohttp.ClientSession
) -> None:
    """Once accepted, a command is never answered as unavailable, though Redis stays away."""
    post = asyncio.create_task(_post(session, Prefer="wait=2"))
    async with redis.asyncio.Redis.from_url(valkey.url) as client:
        (ident,) = await _queued(client, 1)
    await _waiting(session, 1)
    await asyncio.to_thread(valkey.kill)
    answer = await post
    assert (answer.status, answer.body["data"]["taskId"]) == (202, ident)


@pytest.mark.parametrize("how", ["kill", "pause"])
async def test_without_redis_everything_is_unavailable_within_seconds(
    web: WebProcess, valkey: ValkeyServer, session: aiohttp.ClientSession, how: str
) -> None:
    """Redis dead, or silent: 503 with Retry-After within about 8 s; the process lives.

    What is wrong is logged once, though the connection is tried five times a second.
    """
    getattr(valkey, how)()
    began = time.monotonic()
    try:
        answers = await asyncio.gather(
            _post(session), _post(session, path="assign", Prefer="respond-async")
        )
        async with session.get("/api/tasks/x") as response:
            task = _Answer(response.status, response.headers, await response.json())
        took = time.monotonic() - began
        async with session.get("/healthz") as response:
            assert response.status == 200
    finally:
        if how == "pause":
            valkey.resume()
    for answer in (*answers, task):
        assert (answer.status, answer.body["code"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
    assert took < 2 * 9 + _GENEROUS_S
    warnings = [line.split(" ", 2)[2] for line in web.log.splitlines() if " WARNING " in line]
    assert warnings
    assert len(warnings) == len(set(warnings))


async def test_a_stop_answers_whoever_waits(
    web: WebProcess, valkey: ValkeyServer, session: aiohttp.ClientSession
) -> None:
    """SIGTERM: waiting callers are told 202 and where to ask, streams end, the exit code is 0."""
    post = asyncio.create_task(_post(session, Prefer="wait=30"))
    async with redis.asyncio.Redis.from_url(valkey.url) as client:
        (ident,) = await _queued(client, 1)
    await _waiting(session, 1)
    stream = await session.get(f"/api/tasks/{ident}/events")
    await stream.content.readuntil(b"\n\n")
    web.terminate()
    answer = await post
    assert (answer.status, answer.headers["Location"]) == (202, f"/api/tasks/{ident}")
    assert b"event" not in await stream.read()
    assert await asyncio.to_thread(web.ended, 10) == 0


async def test_a_stop_needs_no_redis(
    web: WebProcess, valkey: ValkeyServer, session: aiohttp.ClientSession
) -> None:
    """SIGTERM ends the process as promptly when Redis has gone while callers waited."""
    posts = [asyncio.create_task(_post(session, number)) for number in range(50)]
    await _waiting(session, 50)
    async with redis.asyncio.Redis.from_url(valkey.url) as client:
        await _queued(client, 50)
    await asyncio.to_thread(valkey.kill)
    web.terminate()
    assert {answer.status for answer in await asyncio.gather(*posts)} <= {202, 503}
    assert await asyncio.to_thread(web.ended, 10) == 0


async def test_a_taken_port_is_one_line(web: WebProcess, valkey: ValkeyServer) -> None:
    """A second process on the same port says which setting to change, and exits with 2."""
    second = WebProcess(valkey.url, PORT=str(web.port))
    assert await asyncio.to_thread(second.ended, 20) == 2
    assert second.log.count("\n") == 1
    assert second.log.startswith(f"PORT {web.port} is taken")
