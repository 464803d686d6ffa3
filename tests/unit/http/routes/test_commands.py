"""Accepting commands over HTTP: the answers, and the journal's records."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from producer.contract import Envelope, Lane, State
from producer.journal import Journal, status
from producer.journal.redis import keys
from tests.unit.http.web import ASSIGN, DEFAULT, claim_command, complete_command


def _id_of(response: httpx.Response) -> str:
    assert response.status_code == 202, response.text
    task_id: str = response.json()["data"]["taskId"]
    return task_id


async def _accept(client: httpx.AsyncClient, path: str = "default", **headers: str) -> str:
    body = ASSIGN if path == "assign" else DEFAULT
    headers = {"Prefer": "respond-async", **headers}
    return _id_of(await client.post(f"/api/cards/{path}", json=body, headers=headers))


async def test_respond_async_answers_202(client: httpx.AsyncClient, journal: Journal) -> None:
    """`Prefer: respond-async` is answered with 202 and the URL of the command's status."""
    response = await client.post(
        "/api/cards/assign", json=ASSIGN, headers={"Prefer": "respond-async", "Lane": "bulk"}
    )
    task_id = _id_of(response)
    assert response.json() == {
        "status": True,
        "message": "Comando aceptado, en curso",
        "data": {"taskId": task_id, "state": "queued"},
    }
    assert response.headers["location"] == f"/api/tasks/{task_id}"
    assert int(response.headers["retry-after"]) >= 1
    assert response.headers["preference-applied"] == "respond-async"
    found = await journal(status(task_id))
    assert found is not None
    assert (found.command, found.customer, found.lane) == ("AssignCard", ASSIGN["userId"], "bulk")


async def test_a_wait_that_times_out_answers_the_state(
    client: httpx.AsyncClient, journal: Journal
) -> None:
    """If the command does not end in time, 202 has its state and the applied preference."""
    task_id = await _accept(client, **{"Idempotency-Key": "k"})
    await claim_command(journal, task_id)
    response = await client.post(
        "/api/cards/default", json=DEFAULT, headers={"Prefer": "wait=1", "Idempotency-Key": "k"}
    )
    assert _id_of(response) == task_id
    assert response.json()["data"]["state"] == "running"
    assert response.headers["preference-applied"] == "wait=1"


async def _wait_and_end(
    client: httpx.AsyncClient, journal: Journal, envelope: Envelope, state: State, http: int
) -> httpx.Response:
    waiting = asyncio.create_task(client.post("/api/cards/default", json=DEFAULT))
    row = keys.queued(Lane.INTERACTIVE.value)
    while not (ids := await journal._redis.zrange(row, 0, -1)):
        await asyncio.sleep(0)
    taken = await claim_command(journal, ids[0])
    await complete_command(journal, taken, envelope, state=state, http_status=http)
    response = await waiting
    assert response.headers["content-location"] == f"/api/tasks/{ids[0]}"
    assert "preference-applied" not in response.headers
    return response


async def test_an_ended_command_is_answered_with_its_envelope(
    client: httpx.AsyncClient, journal: Journal
) -> None:
    """By default a POST waits, and answers exactly the command's envelope."""
    envelope = Envelope.yes("Método de pago actualizado con éxito", {"id": "cus_1", "ñ": None})
    response = await _wait_and_end(client, journal, envelope, State.SUCCEEDED, 200)
    assert response.status_code == 200
    assert response.json() == envelope.model_dump()


async def test_a_rejected_command_is_answered_with_stripes_status(
    client: httpx.AsyncClient, journal: Journal
) -> None:
    """Stripe's refusal keeps Stripe's HTTP status and code."""
    envelope = Envelope.no("card_declined", "Your card was declined.")
    response = await _wait_and_end(client, journal, envelope, State.REJECTED, 402)
    assert response.status_code == 402
    assert response.json() == envelope.model_dump()


async def test_the_same_key_is_the_same_command(
    client: httpx.AsyncClient, journal: Journal
) -> None:
    """A repeat under the same key answers the first command's outcome and takes no effect."""
    key = {"Idempotency-Key": "pedido 7"}
    task_id = await _accept(client, **key)
    told = await complete_command(journal, await claim_command(journal, task_id))
    for prefer in ("respond-async", "wait=5"):
        again = await client.post(
            "/api/cards/default", json=DEFAULT, headers={**key, "Prefer": prefer}
        )
        assert again.status_code == 200
        assert again.json() == told
        assert again.headers["content-location"] == f"/api/tasks/{task_id}"
    assert await journal._redis.get("cards:sequence") == "2", "one command, one lease"


async def test_without_a_key_every_post_is_a_command_of_its_own(client: httpx.AsyncClient) -> None:
    """Equal bodies without keys are different commands."""
    assert await _accept(client) != await _accept(client)


async def test_accepted_commands_are_counted_once(client: httpx.AsyncClient) -> None:
    """The counter counts commands by kind and lane, without repeats."""
    await _accept(client, "assign", Lane="bulk")
    for _ in range(2):
        await _accept(client, **{"Idempotency-Key": "k"})
    text = (await client.get("/metrics")).text
    assert 'cards_commands_accepted_total{command="AssignCard",lane="bulk"} 1.0' in text
    assert 'cards_commands_accepted_total{command="SetDefaultCard",lane="interactive"} 1.0' in text


async def test_a_deleted_result_is_reported_as_gone(
    client: httpx.AsyncClient, journal: Journal
) -> None:
    """If `forget()` deleted the result, the answer says so instead of failing."""
    key = {"Idempotency-Key": "k"}
    task_id = await _accept(client, **key)
    await complete_command(journal, await claim_command(journal, task_id))
    await journal._redis.delete(keys.result(task_id))
    response = await client.post("/api/cards/default", json=DEFAULT, headers=key)
    assert (response.status_code, response.json()["code"]) == (410, "result_gone")


@pytest.mark.parametrize("key", ["x", "x" * 255, "12345", "0b8f7a52-4242-4242-4242-424242424242"])
async def test_ordinary_keys_are_accepted(client: httpx.AsyncClient, key: str) -> None:
    """Keys have 1 to 255 characters, including digits and UUIDs."""
    await _accept(client, **{"Idempotency-Key": key})
