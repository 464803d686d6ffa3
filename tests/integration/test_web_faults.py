"""Answers to waiting callers if Redis or the web process itself goes down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
import redis.asyncio

from local.servers.valkey import ValkeyServer
from producer.journal import Journal
from tests.integration.web_callers import Answer, post, queued, waiting
from tests.unit.http.web import WebProcess, claim_command, complete_command

pytestmark = pytest.mark.integration

_GENEROUS_S = 2.0


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    """A Valkey that the test may kill; writes do not wait for the disk."""
    with ValkeyServer(tmp_path / "valkey", config={"appendfsync": "everysec"}) as server:
        yield server


@pytest.fixture
def web(valkey: ValkeyServer) -> Iterator[WebProcess]:
    """A web process over it."""
    with WebProcess(valkey.url) as process:
        yield process


@pytest.fixture
async def journal(valkey: ValkeyServer) -> AsyncIterator[Journal]:
    """The journal as a worker uses it."""
    made = Journal(valkey.url)
    yield made
    await made.aclose()


@pytest.fixture
async def session(web: WebProcess) -> AsyncIterator[aiohttp.ClientSession]:
    """A client without a limit of connections."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(web.url, connector=connector) as made:
        yield made


async def test_callers_survive_a_crash_of_redis(
    valkey: ValkeyServer, journal: Journal, session: aiohttp.ClientSession
) -> None:
    """If Redis is killed and restarted while a caller waits, the caller still gets its answer."""
    posted = asyncio.create_task(post(session, Prefer="wait=30"))
    async with redis.asyncio.Redis.from_url(valkey.url) as client:
        (ident,) = await queued(client, 1)
    await waiting(session, 1)
    await asyncio.to_thread(valkey.kill)
    await asyncio.to_thread(valkey.start)
    told = await complete_command(journal, await claim_command(journal, ident))
    async with asyncio.timeout(20):
        answer = await posted
    assert (answer.status, answer.body) == (200, told)


async def test_an_accepted_command_is_answered_202_when_redis_dies(
    valkey: ValkeyServer, session: aiohttp.ClientSession
) -> None:
    """Once accepted, a command is never answered as unavailable, even if Redis stays down."""
    posted = asyncio.create_task(post(session, Prefer="wait=2"))
    async with redis.asyncio.Redis.from_url(valkey.url) as client:
        (ident,) = await queued(client, 1)
    await waiting(session, 1)
    await asyncio.to_thread(valkey.kill)
    answer = await posted
    assert (answer.status, answer.body["data"]["taskId"]) == (202, ident)


@pytest.mark.parametrize("how", ["kill", "pause"])
async def test_without_redis_everything_is_unavailable_within_seconds(
    web: WebProcess, valkey: ValkeyServer, session: aiohttp.ClientSession, how: str
) -> None:
    """If Redis is dead or silent, answers are 503 with Retry-After within about 8 s.

    The error is logged once, although the process reconnects five times a second.
    """
    getattr(valkey, how)()
    began = time.monotonic()
    try:
        answers = await asyncio.gather(
            post(session), post(session, path="assign", Prefer="respond-async")
        )
        async with session.get("/api/tasks/x") as response:
            task = Answer(response.status, response.headers, await response.json())
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


async def test_a_stop_answers_waiting_callers(
    web: WebProcess, valkey: ValkeyServer, session: aiohttp.ClientSession
) -> None:
    """On SIGTERM waiting callers get 202 and the status's URL, streams end, the exit code is 0."""
    posted = asyncio.create_task(post(session, Prefer="wait=30"))
    async with redis.asyncio.Redis.from_url(valkey.url) as client:
        (ident,) = await queued(client, 1)
    await waiting(session, 1)
    stream = await session.get(f"/api/tasks/{ident}/events")
    await stream.content.readuntil(b"\n\n")
    web.terminate()
    answer = await posted
    assert (answer.status, answer.headers["Location"]) == (202, f"/api/tasks/{ident}")
    assert b"event" not in await stream.read()
    assert await asyncio.to_thread(web.ended, 10) == 0


async def test_a_stop_needs_no_redis(
    web: WebProcess, valkey: ValkeyServer, session: aiohttp.ClientSession
) -> None:
    """SIGTERM ends the process as quickly if Redis went down while callers waited."""
    posts = [asyncio.create_task(post(session, number)) for number in range(50)]
    await waiting(session, 50)
    async with redis.asyncio.Redis.from_url(valkey.url) as client:
        await queued(client, 50)
    await asyncio.to_thread(valkey.kill)
    web.terminate()
    assert {answer.status for answer in await asyncio.gather(*posts)} <= {202, 503}
    assert await asyncio.to_thread(web.ended, 10) == 0
