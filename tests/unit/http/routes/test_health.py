"""`/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from producer.contract import Lane
from producer.journal import Journal, Limits, journal_id, reserve, sweep
from producer.journal.operations.dead_letters import DeadReason, dead_letter, set_aside
from producer.journal.redis import keys
from producer.journal.redis.endpoints import Endpoint
from tests.unit.http.web import CUSTOMER, DEFAULT, claim_command, client_of


async def test_ready_says_what_is_missing(client: httpx.AsyncClient, journal: Journal) -> None:
    """Without a worker, or if Stripe refuses the key, the answer is 503 and says which."""
    response = await client.get("/readyz")
    assert (response.status_code, response.json()["code"]) == (503, "not_ready")
    assert "worker" in response.json()["message"]
    await journal(sweep("w1", limit=1, patience_ms=1000))
    response = await client.get("/readyz")
    assert (response.status_code, response.json()["message"]) == (200, "Listo")
    stop = {"code": "api_key_expired", "message": "sk_live_x", "since": 0, "until": 0}
    await journal._redis.hset(keys.STOP, mapping=stop)
    response = await client.get("/readyz")
    assert response.status_code == 503
    assert "api_key_expired" in response.json()["message"]
    assert "sk_live" not in response.text
    assert response.json()["data"] == {
        "redis": True,
        "worker": True,
        "stripe": False,
        "journal": True,
    }


async def test_a_balancer_asks_for_web_alone(client: httpx.AsyncClient) -> None:
    """Web accepts commands without a worker, so `?only=web` requires none."""
    response = await client.get("/readyz?only=web")
    assert (response.status_code, response.json()["data"]) == (
        200,
        {"redis": True, "journal": True},
    )


async def test_without_redis_the_process_is_alive_but_not_ready() -> None:
    """The process starts without Redis, is alive, and not ready until Redis answers."""
    async with client_of("redis://127.0.0.1:1/0") as client:
        assert (await client.get("/healthz")).json()["status"] is True
        response = await client.get("/readyz")
        assert response.status_code == 503
        assert "Redis" in response.json()["message"]


async def test_metrics_of_queues_and_rate_limits(
    client: httpx.AsyncClient, journal: Journal
) -> None:
    """Messages by lane, and each limit's factor after 429s; without Redis neither is there."""
    body = {"userId": "cus_1", "default_source": "card_1"}
    headers = {"Prefer": "respond-async", "Lane": "bulk"}
    await client.post("/api/cards/default", json=body, headers=headers)
    await journal(reserve(Lane.BULK, Endpoint.DEFAULT, Limits(account=25), ahead_ms=1000))
    await journal._redis.hset(keys.limit("account"), mapping={"factor": "0.1", "slowed": "3"})
    await journal._redis.hset(keys.limit("account"), "since", "9999999999999")
    text = (await client.get("/metrics")).text
    assert 'cards_queue_messages{lane="bulk"} 1.0' in text
    assert 'cards_commands_not_taken{lane="interactive"} 0.0' in text
    assert 'cards_rate_limit_factor{scope="account"} 0.1' in text
    assert 'cards_rate_limit_slowed{scope="account"} 3.0' in text
    async with client_of("redis://127.0.0.1:1/0") as cut_off:
        text = (await cut_off.get("/metrics")).text
    assert "cards_rate_limit_factor{" not in text
    assert "cards_http_waiters 0.0" in text


async def test_ready_says_that_a_lane_is_stuck(client: httpx.AsyncClient, journal: Journal) -> None:
    """A worker is seen, but a lane's commands have waited for a minute without any attempt."""
    task_id = await _waiting(client, journal)
    response = await client.get("/readyz")
    assert response.status_code == 503
    assert "bulk" in response.json()["message"]
    data = {"redis": True, "worker": False, "stripe": True, "journal": True}
    assert response.json()["data"] == data
    await claim_command(journal, task_id)
    assert (await client.get("/readyz")).status_code == 200


async def test_a_lane_that_is_slow_is_not_stuck(
    client: httpx.AsyncClient, journal: Journal
) -> None:
    """If some of the lane's commands are attempted, others may wait for any time."""
    await _waiting(client, journal)
    other = await _waiting(client, journal, "cus_2")
    await claim_command(journal, other)
    assert (await client.get("/readyz")).status_code == 200


async def test_metrics_count_dead_letters(client: httpx.AsyncClient, journal: Journal) -> None:
    """By reason, each from 0; a repeated call counts once; without Redis they are absent."""
    call = set_aside(dead_letter("bulk", DeadReason.NOT_JSON, b"x"))
    for _ in range(2):
        await journal(call)
    text = (await client.get("/metrics")).text
    assert 'cards_dead_letters_total{reason="not_json"} 1.0' in text
    assert 'cards_dead_letters_total{reason="unknown_task"} 0.0' in text
    async with client_of("redis://127.0.0.1:1/0") as cut_off:
        assert "cards_dead_letters_total{" not in (await cut_off.get("/metrics")).text


async def _waiting(client: httpx.AsyncClient, journal: Journal, customer: str = "cus_1") -> str:
    """Accept a command of the bulk lane two minutes ago, with a worker just seen."""
    body = {"userId": customer, "default_source": "card_1"}
    headers = {"Prefer": "respond-async", "Lane": "bulk"}
    response = await client.post("/api/cards/default", json=body, headers=headers)
    task_id: str = response.json()["data"]["taskId"]
    row = keys.command(task_id)
    accepted = int(await journal._redis.hget(row, "accepted"))
    await journal._redis.hset(row, "accepted", accepted - 120_000)
    await journal(sweep("w1", limit=0, patience_ms=1000))
    return task_id


async def _known(client: httpx.AsyncClient, journal: Journal) -> None:
    """Return once the process has identified its journal."""
    for _ in range(1000):
        if await journal(journal_id()) is not None:
            await client.get("/readyz")
            return
        await asyncio.sleep(0.02)
    raise TimeoutError


async def _noticed(client: httpx.AsyncClient) -> dict[str, Any]:
    """The answer of /readyz once the loss is detected."""
    for _ in range(1000):
        told: dict[str, Any] = (await client.get("/readyz")).json()
        if told["data"]["journal"] is False:
            return told
        await asyncio.sleep(0.02)
    raise TimeoutError


async def test_with_a_lost_journal_requests_are_refused(redis_url: str, journal: Journal) -> None:
    """/readyz, new commands, reads and unknown ids answer 503 and name the lost journal."""
    async with client_of(redis_url, CARDS_LANGUAGE="en") as client:
        headers = {"Prefer": "respond-async"}
        accepted = await client.post("/api/cards/default", json=DEFAULT, headers=headers)
        await _known(client, journal)
        await journal._redis.flushall()
        told = await _noticed(client)
        assert told["code"] == "not_ready"
        assert "earlier data" in told["message"]
        task = accepted.headers["Location"]
        responses = [
            await client.post("/api/cards/default", json=DEFAULT, headers=headers),
            await client.get(task),
            await client.get(f"{task}/events"),
            await client.get(f"/api/cards/{CUSTOMER}"),
            await client.post("/api/migrations", content=b"userId,source\n"),
        ]
        for answer in responses:
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert "earlier data" in answer.json()["message"]
        # Except the writes of /readyz before the loss is detected.
        assert set(await journal._redis.keys("*")) <= {"cards:barrier"}


async def test_a_lost_journal_may_be_replaced_by_setting(redis_url: str, journal: Journal) -> None:
    """With the setting only a worker is missing, and earlier commands are not found."""
    settings = {"CARDS_LANGUAGE": "en", "CARDS_ACCEPT_OTHER_DATA": "yes"}
    async with client_of(redis_url, **settings) as client:
        headers = {"Prefer": "respond-async"}
        accepted = await client.post("/api/cards/default", json=DEFAULT, headers=headers)
        await _known(client, journal)
        await journal._redis.flushall()
        told = await _noticed(client)
        assert "worker" in told["message"]
        assert (await client.get(accepted.headers["Location"])).status_code == 404
        again = await client.post("/api/cards/default", json=DEFAULT, headers=headers)
        assert again.status_code == 202
        await journal(sweep("w1", limit=1, patience_ms=1000))
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["data"]["journal"]) == (200, False)
        assert "earlier data" in ready.json()["message"]
