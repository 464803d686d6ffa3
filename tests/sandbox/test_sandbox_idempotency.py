"""Idempotency keys (Stripe docs: api/idempotent_requests)."""

from __future__ import annotations

import asyncio

from sandbox.http.server import SandboxServer
from sandbox.objects import seed
from tests.sandbox.conftest import Api

JOHN = f"/v1/customers/{seed.CUSTOMER}"
SOURCES = f"{JOHN}/sources"


async def test_replay_is_the_saved_answer(api: Api, server: SandboxServer) -> None:
    """The same key and parameters give the same body, marked as replayed, and no second effect."""
    first = await api.post(SOURCES, {"source": seed.TOKEN, "metadata[a]": "1"}, key="k1")
    # The order of parameters does not matter.
    second = await api.post(SOURCES, {"metadata[a]": "1", "source": seed.TOKEN}, key="k1")
    assert second.body == first.body
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Original-Request"] == first.headers["Request-Id"]
    assert second.headers["Request-Id"] != first.headers["Request-Id"]
    assert server.account.effects.counts["source.created"] == 1
    assert [each.replayed for each in server.service.log.entries] == [False, True]


async def test_errors_of_execution_are_replayed_too(api: Api) -> None:
    """A decline is saved and replayed like any other answer."""
    form = {"source": "tok_chargeDeclined"}
    first = await api.post(SOURCES, form, key="k1")
    second = await api.post(SOURCES, form, key="k1")
    assert (first.status, second.status) == (402, 402)
    assert second.headers["Idempotent-Replayed"] == "true"


async def test_key_with_something_else_is_an_error(api: Api) -> None:
    """Other parameters or another path under the same key are 400 idempotency_error."""
    await api.post(JOHN, {"name": "Ana"}, key="k1")
    for path, form in ((JOHN, {"name": "Eva"}), (SOURCES, {"source": "tok_visa"})):
        answer = await api.post(path, form, key="k1")
        assert (answer.status, answer.error["type"]) == (400, "idempotency_error")
    long = await api.post(JOHN, {"name": "Ana"}, key="k" * 256)
    assert (long.status, long.error["type"]) == (400, "idempotency_error")


async def test_key_in_progress(api: Api, server: SandboxServer) -> None:
    """While the first request is stalled the key is 409; afterwards it is replayed."""
    fault = server.service.faults.add({"kind": "stall"})
    form = {"default_source": seed.SECOND_CARD}
    held = asyncio.create_task(api.post(JOHN, form, key="k1"))
    assert await fault.hits.reached(1, 10)
    answer = await api.post(JOHN, form, key="k1")
    assert (answer.status, answer.error["code"]) == (409, "idempotency_key_in_use")
    fault.release()
    assert (await held).status == 200
    assert (await api.post(JOHN, form, key="k1")).headers["Idempotent-Replayed"] == "true"


async def test_what_is_not_saved(api: Api, server: SandboxServer) -> None:
    """Failed validation, 401, 429 and 409 leave the key free for the actual request."""
    form = {"source": seed.TOKEN}
    assert (await api.post(SOURCES, {**form, "wrong": "1"}, key="k1")).status == 400
    bad = await api.send("POST", SOURCES, form, key="k1", authorization="Bearer sk_live_x")
    assert bad.status == 401
    for status in (429, 409, 500, 503):
        server.service.faults.add({"kind": "status", "status": status})
        assert (await api.post(SOURCES, form, key="k1")).status == status
    server.service.locks.take(seed.CUSTOMER)
    locked = await api.post(SOURCES, form, key="k1")
    assert (locked.status, locked.error["code"]) == (429, "lock_timeout")
    server.service.locks.free(seed.CUSTOMER)
    answer = await api.post(SOURCES, form, key="k1")
    assert answer.status == 200
    assert "Idempotent-Replayed" not in answer.headers


async def test_key_expires_after_a_day(api: Api, server: SandboxServer) -> None:
    """A key older than 24 h executes again, and is then new."""
    form = {"source": "tok_visa"}
    first = await api.post(SOURCES, form, key="k1")
    server.service.config.update({"clock_offset": 24 * 3600 - 60})
    assert (await api.post(SOURCES, form, key="k1")).body["id"] == first.body["id"]
    server.service.config.update({"clock_offset": 24 * 3600 + 60})
    second = await api.post(SOURCES, form, key="k1")
    assert second.body["id"] != first.body["id"]
    assert (await api.post(SOURCES, form, key="k1")).body["id"] == second.body["id"]


async def test_the_number_of_keys_can_be_limited(api: Api, server: SandboxServer) -> None:
    """With idempotency_keys_kept the oldest keys are removed first."""
    server.service.config.update({"idempotency_keys_kept": 2})
    for key in ("k1", "k2", "k3"):
        await api.post(JOHN, {"name": "Ana"}, key=key)
    assert len(server.service.idempotency) == 2
    fresh = await api.post(JOHN, {"name": "Ana"}, key="k1")
    assert "Idempotent-Replayed" not in fresh.headers


async def test_keys_have_no_effect_on_get_and_delete(api: Api) -> None:
    """GET and DELETE ignore the key (Stripe docs)."""
    assert (await api.send("GET", JOHN, key="k1")).status == 200
    assert (await api.send("DELETE", f"{SOURCES}/{seed.CARD}", key="k1")).status == 200
    assert (await api.send("DELETE", f"{SOURCES}/{seed.CARD}", key="k1")).status == 404
