"""What orchestrators ask."""

from __future__ import annotations

import httpx

from producer.contract import Lane
from producer.journal import Journal, Limits, keys, reserve, sweep
from producer.journal.endpoints import Endpoint
from tests.unit.http.web import client_of


async def test_ready_says_what_is_missing(client: httpx.AsyncClient, journal: Journal) -> None:
    """Without a worker, or with Stripe refusing the key, it is 503 and says which."""
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


async def test_without_redis_the_process_lives_but_is_not_ready() -> None:
    """The process starts without Redis, lives, and is not ready until Redis answers."""
    async with client_of("redis://127.0.0.1:1/0") as client:
        assert (await client.get("/healthz")).json()["status"] is True
        response = await client.get("/readyz")
        assert response.status_code == 503
        assert "Redis" in response.json()["message"]


async def test_metrics_tell_what_waits_and_how_the_limit_stands(
    client: httpx.AsyncClient, journal: Journal
) -> None:
    """Messages by lane, and what 429s have left of each limit; without Redis neither."""
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
