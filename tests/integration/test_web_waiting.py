"""Callers that wait at a real web process are answered when the command ends, without polling."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
import redis
import redis.asyncio

from local.servers.valkey import ValkeyServer
from producer.contract import Envelope
from producer.http.waiting.presubscribed_ids import KEPT
from producer.journal import Journal
from producer.journal.redis.scripts import script
from tests.integration.web_callers import counted, post, queued, waiting
from tests.unit.http.web import DEFAULT, WebProcess, claim_command, complete_command

pytestmark = pytest.mark.integration

_CALLERS = 500
_LEAVING = 200
_GENEROUS_S = 2.0
_JOURNAL = "0" * 32


@pytest.fixture(scope="module")
def serving(valkey_server: ValkeyServer) -> Iterator[WebProcess]:
    """One web process for all tests of this module, which leave it unchanged."""
    with WebProcess(valkey_server.url, CARDS_JOURNAL_ID=_JOURNAL) as process:
        yield process


@pytest.fixture
def redis_url(valkey_server: ValkeyServer) -> str:
    """The URL of a Valkey that is emptied without ever changing the journal's identity."""
    with redis.Redis.from_url(valkey_server.url) as client, client.pipeline() as emptied:
        emptied.flushall().set("cards:journal", _JOURNAL).execute()
    return valkey_server.url


@pytest.fixture
async def web(serving: WebProcess, redis_url: str) -> WebProcess:
    """The web process, once it has identified its journal."""
    async with aiohttp.ClientSession(serving.url) as client:
        while not (await (await client.get("/readyz")).json())["data"]["journal"]:
            await asyncio.sleep(0.02)
    return serving


@pytest.fixture
async def journal(redis_url: str) -> AsyncIterator[Journal]:
    """The journal as a worker uses it."""
    made = Journal(redis_url)
    yield made
    await made.aclose()


@pytest.fixture
async def session(web: WebProcess) -> AsyncIterator[aiohttp.ClientSession]:
    """A client without a limit of connections."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(web.url, connector=connector) as made:
        yield made


async def test_many_callers_are_each_answered_at_their_commands_end(
    web: WebProcess, redis_url: str, journal: Journal, session: aiohttp.ClientSession
) -> None:
    """500 callers wait over one subscription; each gets its own result quickly, without polling."""
    began = time.monotonic()
    posts = [
        asyncio.create_task(post(session, number, Prefer="wait=30")) for number in range(_CALLERS)
    ]
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        ids = await queued(client, _CALLERS)
        await waiting(session, _CALLERS)
        assert len(await client.client_list(_type="pubsub")) == 1
        await client.config_resetstat()
        taken = [await claim_command(journal, ident) for ident in ids]
        ended: dict[str, float] = {}
        for ident, grant in zip(ids, taken, strict=True):
            await complete_command(journal, grant, Envelope.yes("hecho", {"of": ident}))
            ended[ident] = time.monotonic()
        answers = await asyncio.gather(*posts)
        reads = (await client.info("commandstats"))["cmdstat_get"]["calls"]
        elapsed = time.monotonic() - began
    assert {answer.body["data"]["of"] for answer in answers} == set(ids)
    for answer in answers:
        task_id = answer.body["data"]["of"]
        assert answer.headers["Content-Location"] == f"/api/tasks/{task_id}"
    # Measured from the return of the worker's call; an answer may arrive before that.
    late = sorted(max(0.0, a.at - ended[a.body["data"]["of"]]) * 1000 for a in answers)
    p50, p99 = late[len(late) // 2], late[len(late) * 99 // 100]
    print(f"\nend to answer, {_CALLERS} callers: p50 {p50:.1f} p99 {p99:.1f} max {late[-1]:.1f} ms")
    assert late[-1] < _GENEROUS_S * 1000
    # One GET per status read: one read per end, and the safety net's, at most one in 5 s.
    assert reads <= _CALLERS * (2 + elapsed / 5)


async def _channels(client: redis.asyncio.Redis, count: int) -> None:
    """Return once `count` commands and reads are subscribed to, besides the process's own."""
    while len(await client.pubsub_channels("cards:changed:*")) != count + 1 + KEPT:
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
async def test_disconnected_callers_stop_waiting(
    web: WebProcess,
    redis_url: str,
    session: aiohttp.ClientSession,
    request_line: str,
    told: str,
) -> None:
    """200 callers wait and close or reset their connections: no wait is left.

    Each is counted as disconnected, so none ended by its timeout.
    """
    accepted = await asyncio.gather(
        *(post(session, number, Prefer="respond-async") for number in range(_LEAVING))
    )
    writers = []
    async with asyncio.timeout(60), redis.asyncio.Redis.from_url(redis_url) as client:
        await _channels(client, 0)  # those of the POSTs are removed after their answers
        for number, answer in enumerate(accepted):
            line = request_line.format(
                task=answer.body["data"]["taskId"], customer=f"cus_{number}x"
            )
            body = json.dumps({**DEFAULT, "userId": f"cus_{number}y"}) if "POST" in line else ""
            _, writer = await asyncio.open_connection("127.0.0.1", web.port)
            writer.write(
                f"{line} HTTP/1.1\r\nHost: localhost\r\nPrefer: wait=30\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
            )
            writers.append(writer)
        await _channels(client, _LEAVING)
        if "POST" in request_line:
            await queued(client, 2 * _LEAVING)
        for writer in writers[::2]:
            writer.close()
        for writer in writers[1::2]:
            writer.transport.abort()
        await _channels(client, 0)
        await waiting(session, 0)
        await counted(session, f"{told}}} {_LEAVING}.0")


async def test_waiting_does_not_poll_redis(
    redis_url: str, journal: Journal, session: aiohttp.ClientSession
) -> None:
    """While a caller waits for its command, web does not read the status from Redis."""
    posted = asyncio.create_task(post(session))
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        (ident,) = await queued(client, 1)
        await waiting(session, 1)
        taken = await claim_command(journal, ident)
        async with client.monitor() as monitor:
            for _ in range(100):  # a hundred rounds of the process, none of which may read
                await waiting(session, 1)
            await client.echo("enough")
            while "enough" not in (asked := (await monitor.next_command())["command"]):
                assert script("statuses").sha not in asked
    await complete_command(journal, taken)
    assert (await posted).status == 200


async def test_a_lost_subscription_loses_no_end(
    redis_url: str, journal: Journal, session: aiohttp.ClientSession
) -> None:
    """An end published while the subscription is down is answered after the reconnection."""
    posted = asyncio.create_task(post(session, Prefer="wait=30"))
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        (ident,) = await queued(client, 1)
        await waiting(session, 1)
        taken = await claim_command(journal, ident)
        await client.client_kill_filter(_type="pubsub")
        told = await complete_command(journal, taken)
    async with asyncio.timeout(10):
        answer = await posted
    assert (answer.status, answer.body) == (200, told)


async def test_a_taken_port_is_one_line(web: WebProcess, redis_url: str) -> None:
    """A second process on the same port says which setting to change, and exits with 2."""
    second = WebProcess(redis_url, PORT=str(web.port))
    assert await asyncio.to_thread(second.ended, 20) == 2
    assert second.log.count("\n") == 1
    assert second.log.startswith(f"PORT {web.port} is taken")
