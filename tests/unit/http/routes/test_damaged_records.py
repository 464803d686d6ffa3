"""Answers about commands whose record or result in Redis is damaged."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any
from uuid import uuid4

import httpx
import pytest

from producer.journal import Journal
from tests.unit.http.web import DEFAULT, claim_command, client_of, complete_command

_ASYNC = {"Prefer": "respond-async"}


async def _accepted(client: httpx.AsyncClient, **headers: str) -> str:
    response = await client.post("/api/cards/default", json=DEFAULT, headers={**_ASYNC, **headers})
    task_id: str = response.json()["data"]["taskId"]
    return task_id


async def _damage(journal: Journal, task_id: str, how: Any) -> None:
    row = f"cards:command:{task_id}"
    match how:
        case str():
            await journal._redis.delete(row)
            await journal._redis.set(row, how)
        case list():
            await journal._redis.hdel(row, *how)
        case dict():
            await journal._redis.hset(row, mapping=how)


_ROWS: dict[str, Any] = {
    "a text": "x",
    "no kind": ["kind"],
    "no customer": ["user"],
    "no lane": ["lane"],
    "no state": ["state"],
    "no time": ["accepted"],
    "an unknown state": {"state": "x"},
    "an unknown lane": {"lane": "x"},
    "an unknown kind": {"kind": "x"},
    "a time of letters": {"accepted": "yesterday"},
    "a time beyond time": {"accepted": "9" * 30},
    "tries of letters": {"tries": "many"},
    "a state of no text": {"state": b"\xff\xfe"},
    "a customer of no text": {"user": b"\xff\xfe"},
}


@pytest.mark.parametrize("how", _ROWS)
async def test_a_damaged_record_is_reported(
    client: httpx.AsyncClient, journal: Journal, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Status, events and a repeat under the key answer 410; the log names the id."""
    key = {"Idempotency-Key": "k1"}
    task_id = await _accepted(client, **key)
    await _damage(journal, task_id, _ROWS[how])
    with caplog.at_level(logging.ERROR):
        for path in ("", "?wait=5", "/events"):
            response = await client.get(f"/api/tasks/{task_id}{path}")
            assert (response.status_code, response.json()["code"]) == (410, "record_damaged")
            assert response.json()["data"] == {"taskId": task_id}
    assert task_id in caplog.text
    assert "�" not in caplog.text
    for prefer in ("respond-async", "wait=5"):
        headers = {**key, "Prefer": prefer}
        response = await client.post("/api/cards/default", json=DEFAULT, headers=headers)
        assert (response.status_code, response.json()["code"]) == (410, "record_damaged")


@pytest.mark.parametrize("language", ["es", "en"])
async def test_the_message_is_in_the_language(redis_url: str, language: str) -> None:
    """The message is in the process's language."""
    async with client_of(redis_url, CARDS_LANGUAGE=language) as client:
        task_id, journal = await _accepted(client), Journal(redis_url)
        await _damage(journal, task_id, "x")
        await journal.aclose()
        message = (await client.get(f"/api/tasks/{task_id}")).json()["message"]
    assert ("dañado" in message) is (language == "es")
    assert ("damaged" in message) is (language == "en")


_RESULTS: dict[str, Any] = {
    "no JSON": "{tok_secret",
    "empty": "",
    "a list": "[]",
    "null": "null",
    "no result": "{}",
    "no envelope": json.dumps({"result": {"a": 1}}),
    "an envelope without a code": json.dumps({"result": {"status": False, "message": "x"}}),
    "half a surrogate": json.dumps({"result": {"status": True, "message": "\ud800", "data": None}}),
    "half a surrogate within": json.dumps(
        {"result": {"status": True, "message": "x", "data": ["\ud800"]}}
    ),
    "no text": b"\xff\xfe",
    "nested without end": "[" * 100_000,
}


@pytest.mark.parametrize("how", [*_RESULTS, "another type"])
async def test_a_damaged_result_is_reported(
    client: httpx.AsyncClient, journal: Journal, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The status has no result; a repeat is told that the result is gone."""
    key = {"Idempotency-Key": "k1"}
    task_id = await _accepted(client, **key)
    await complete_command(journal, await claim_command(journal, task_id))
    result = f"celery-task-meta-{task_id}"
    await journal._redis.delete(result)
    if how in _RESULTS:
        await journal._redis.set(result, _RESULTS[how])
    else:
        await journal._redis.rpush(result, "x")
    with caplog.at_level(logging.ERROR):
        response = await client.get(f"/api/tasks/{task_id}?wait=5")
    data = response.json()["data"]
    assert (response.status_code, data["state"], data["result"]) == (200, "succeeded", None)
    assert task_id in caplog.text
    assert "tok_secret" not in caplog.text
    for prefer in ("respond-async", "wait=5"):
        headers = {**key, "Prefer": prefer}
        response = await client.post("/api/cards/default", json=DEFAULT, headers=headers)
        assert (response.status_code, response.json()["code"]) == (410, "result_gone")


async def test_a_damaged_record_hides_no_other(client: httpx.AsyncClient, journal: Journal) -> None:
    """Callers that wait at the same time each get the answer about their own command."""
    ids = [await _accepted(client) for _ in range(3)]
    waiting = [asyncio.create_task(client.get(f"/api/tasks/{one}?wait=30")) for one in ids]
    while "cards_http_waiters 3.0" not in (await client.get("/metrics")).text:
        await asyncio.sleep(0)
    await _damage(journal, ids[1], "x")
    for one in (ids[0], ids[2]):
        await complete_command(journal, await claim_command(journal, one))
    await journal._redis.publish(f"cards:changed:{ids[1]}", "succeeded")
    async with asyncio.timeout(20):
        responses = [await one for one in waiting]
    assert [one.status_code for one in responses] == [200, 410, 200]


async def test_a_damaged_key_is_no_outage(client: httpx.AsyncClient, journal: Journal) -> None:
    """A Redis key of the wrong type is 500 `journal_damaged`; other requests work."""
    await journal._redis.set("cards:sequence", "x")
    response = await client.post("/api/cards/default", json=DEFAULT, headers=_ASYNC)
    assert (response.status_code, response.json()["code"]) == (500, "journal_damaged")
    assert (await client.get(f"/api/tasks/{uuid4()}")).status_code == 404
