"""Reading and streaming a command's status."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

from producer.contract import State
from producer.journal import Journal
from tests.unit.http.web import DEFAULT, claim_command, complete_command

_VIEW = {
    "taskId",
    "command",
    "userId",
    "lane",
    "state",
    "attempts",
    "acceptedAt",
    "startedAt",
    "finishedAt",
    "nextAttemptAt",
    "supersededBy",
    "result",
}


async def _accept(client: httpx.AsyncClient) -> str:
    headers = {"Prefer": "respond-async"}
    response = await client.post("/api/cards/default", json=DEFAULT, headers=headers)
    task_id: str = response.json()["data"]["taskId"]
    return task_id


async def test_a_status_has_the_contracts_members(
    client: httpx.AsyncClient, journal: Journal
) -> None:
    """The status has exactly the contract's members, null until known, and later the result."""
    task_id = await _accept(client)
    view = (await client.get(f"/api/tasks/{task_id}")).json()["data"]
    assert set(view) == _VIEW
    assert (view["state"], view["result"], view["startedAt"]) == ("queued", None, None)
    told = await complete_command(journal, await claim_command(journal, task_id))
    response = await client.get(f"/api/tasks/{task_id}")
    view = response.json()["data"]
    assert (response.status_code, view["state"], view["attempts"]) == (200, "succeeded", 1)
    assert view["result"] == told
    assert view["finishedAt"].endswith("Z")


async def test_a_wait_is_answered_at_the_end(client: httpx.AsyncClient, journal: Journal) -> None:
    """`?wait=N` is answered when the command ends, long before N seconds."""
    task_id = await _accept(client)
    taken = await claim_command(journal, task_id)
    waiting = asyncio.create_task(client.get(f"/api/tasks/{task_id}?wait=30"))
    while "cards_http_waiters 1.0" not in (await client.get("/metrics")).text:
        await asyncio.sleep(0)
    await complete_command(journal, taken, state=State.REJECTED, http_status=402)
    async with asyncio.timeout(10):
        response = await waiting
    assert (response.status_code, response.json()["data"]["state"]) == (200, "rejected")


async def test_a_wait_that_times_out_answers_the_status(
    client: httpx.AsyncClient, journal: Journal
) -> None:
    """If the command has not ended after N seconds, 200 has its status."""
    task_id = await _accept(client)
    await claim_command(journal, task_id)
    response = await client.get(f"/api/tasks/{task_id}?wait=0.2")
    assert response.json()["data"]["state"] == "running"


def _events(text: str) -> list[dict[str, Any]]:
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if lines.get("event") == "state":
            assert "retry" in lines
            found.append({"id": lines["id"], **json.loads(lines["data"])})
    return found


async def test_each_state_is_an_event(client: httpx.AsyncClient, journal: Journal) -> None:
    """The stream sends the current state and each change in order, and closes at the end."""
    task_id = await _accept(client)
    streaming = asyncio.create_task(client.get(f"/api/tasks/{task_id}/events"))
    channel = f"cards:changed:{task_id}"
    while not (await journal._redis.pubsub_numsub(channel))[0][1]:
        await asyncio.sleep(0)
    await complete_command(journal, await claim_command(journal, task_id))
    async with asyncio.timeout(10):
        response = await streaming
    assert response.headers["content-type"].startswith("text/event-stream")
    events = _events(response.text)
    # The first events may be missing, as the subscription precedes the first read; the end is not.
    states = [event["state"] for event in events]
    assert states == ["queued", "running", "succeeded"][-len(states) :]
    assert all(set(event) == _VIEW | {"id"} for event in events)
    assert [e["result"] is not None for e in events] == [s == "succeeded" for s in states]
    assert len({event["id"] for event in events}) == len(events)


async def test_an_ended_command_is_one_event(client: httpx.AsyncClient, journal: Journal) -> None:
    """The stream of an ended command is one event; a browser that reconnects gets 204."""
    task_id = await _accept(client)
    await complete_command(journal, await claim_command(journal, task_id))
    (event,) = _events((await client.get(f"/api/tasks/{task_id}/events")).text)
    assert event["state"] == "succeeded"
    again = await client.get(f"/api/tasks/{task_id}/events", headers={"Last-Event-ID": event["id"]})
    assert again.status_code == 204
