"""What orchestrators ask."""

from __future__ import annotations

import httpx

from producer.journal import Journal, keys, sweep
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
    assert response.json()["data"] == {"redis": True, "worker": True, "stripe": False}


async def test_without_redis_the_process_lives_but_is_not_ready() -> None:
    """The process starts without Redis, lives, and is not ready until Redis answers."""
    async with client_of("redis://127.0.0.1:1/0") as client:
        assert (await client.get("/healthz")).json()["status"] is True
        response = await client.get("/readyz")
        assert response.status_code == 503
        assert "Redis" in response.json()["message"]
