"""`GET /api/cards/{userId}`: a worker lists the customer's cards."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from producer.http.routes import cards
from producer.journal import Journal, answer_read, read_wanted
from tests.unit.http.web import CUSTOMER


async def _asked(journal: Journal) -> tuple[str, dict[str, str]]:
    """The read's id and arguments, from the worker's queue."""
    while (taken := await journal._redis.lpop("interactive")) is None:
        await asyncio.sleep(0)
    message = json.loads(taken)
    _, kwargs, _ = json.loads(message["body"])
    assert message["headers"]["task"] == "ListCards"
    return message["headers"]["id"], kwargs


@pytest.mark.parametrize("status", [200, 404])
async def test_a_workers_answer_is_passed_on(
    client: httpx.AsyncClient, journal: Journal, status: int
) -> None:
    """The worker's envelope and HTTP status are the answer."""
    waiting = asyncio.create_task(client.get(f"/api/cards/{CUSTOMER}"))
    read_id, kwargs = await _asked(journal)
    assert kwargs == {"userId": CUSTOMER}
    assert await journal(read_wanted(read_id))
    envelope = {"status": True, "message": "Tarjetas listadas correctamente", "data": []}
    if status != 200:
        envelope = {"status": False, "message": "No", "data": None, "code": "resource_missing"}
    await journal(answer_read(read_id, status, envelope))
    async with asyncio.timeout(5):
        response = await waiting
    assert (response.status_code, response.json()) == (status, envelope)


async def test_without_a_worker_it_is_unavailable(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If no worker answers in time, the answer is 503 with `Retry-After`."""
    monkeypatch.setattr(cards, "READ_WITHIN_S", 0.2)
    response = await client.get(f"/api/cards/{CUSTOMER}")
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert "worker" in response.json()["message"]
    assert int(response.headers["retry-after"]) >= 1
