"""`DELETE /api/migrations/{id}` removes an ended migration from this machine and from Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import redis

from tests.unit.http.web import CARD, client_of

_ROWS = b"userId,default_source\ncus_a1,card_a1\ncus_a2,card_a2\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The data folder."""
    return tmp_path / "migrations"


@pytest.fixture
async def web(redis_url: str, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app with a data folder of its own."""
    async with client_of(redis_url, CARDS_MIGRATIONS_DIR=str(folder)) as made:
        yield made


async def _uploaded(web: httpx.AsyncClient) -> str:
    answer = await web.post("/api/migrations?name=cards.csv", content=_ROWS)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


async def _cancelled(web: httpx.AsyncClient, path: str) -> None:
    assert (await web.post(f"{path}/cancel")).status_code == 200
    async with web.stream("GET", f"{path}/events") as events:
        last = [line async for line in events.aiter_lines() if line.startswith("data:")][-1]
    assert '"state":"cancelled"' in last


def _left(redis_url: str, folder: Path) -> tuple[list[str], list[str]]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        keys = [key for key in client.scan_iter() if "mig_" in key]
    return keys, sorted(path.name for path in folder.rglob("*") if path.is_file())


async def test_an_ended_migration_is_forgotten(
    web: httpx.AsyncClient, redis_url: str, folder: Path
) -> None:
    """The answer is its last status; then it is unknown, and no files of it are left."""
    path = await _uploaded(web)
    await _cancelled(web, path)
    gone = await web.delete(path)
    assert (gone.status_code, gone.json()["message"]) == (
        200,
        "Se eliminó la migración; su informe ya no está disponible",
    )
    assert gone.json()["data"]["counts"]["cancelled"] == 2
    assert _left(redis_url, folder) == ([], [])
    for answer in (
        await web.delete(path),
        await web.get(path),
        await web.get(f"{path}/report.csv"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "migration_not_found")
    assert (await web.get("/api/migrations")).json()["data"] == []


async def test_a_forgotten_migration_can_be_uploaded_again(
    web: httpx.AsyncClient, folder: Path
) -> None:
    """The same file can be uploaded again, starts from the beginning, and is driven again."""
    path = await _uploaded(web)
    await _cancelled(web, path)
    assert (await web.delete(path)).status_code == 200
    assert await _uploaded(web) == path
    assert (await web.get(path)).json()["data"]["counts"]["pending"] == 2
    await _cancelled(web, path)


async def test_a_running_migration_is_not_forgotten(
    web: httpx.AsyncClient, redis_url: str, folder: Path
) -> None:
    """A started and paused migration is refused with its state, and stays unchanged."""
    path = await _uploaded(web)
    with redis.Redis.from_url(redis_url) as client:
        record = f"cards:migration:{path.rsplit('/', 1)[1]}"
        client.hset(record, mapping={"n0": 1, "n2": 1})
    before = _left(redis_url, folder)
    refused = await web.delete(path)
    assert (refused.status_code, refused.json()) == (
        409,
        {
            "status": False,
            "message": "La migración está en estado paused: la acción no es posible",
            "data": {"state": "paused"},
            "code": "migration_state",
        },
    )
    assert _left(redis_url, folder) == before


async def test_an_unstarted_migration_is_discarded(
    web: httpx.AsyncClient, redis_url: str, folder: Path
) -> None:
    """A migration of which nothing was sent is removed; the same file can be uploaded again."""
    path = await _uploaded(web)
    assert (await web.delete(path)).json()["data"]["counts"]["pending"] == 2
    assert _left(redis_url, folder) == ([], [])
    assert await _uploaded(web) == path


async def test_foreign_pages_and_malformed_ids_are_refused(web: httpx.AsyncClient) -> None:
    """A foreign page may not forget a migration; a malformed id is not echoed."""
    path = await _uploaded(web)
    forged = await web.delete(path, headers={"origin": "https://evil.example"})
    assert (forged.status_code, forged.json()["code"]) == (403, "other_origin")
    for one in ("mig_0123456789abcdef01234567", "zzz", CARD):
        answer = await web.delete(f"/api/migrations/{one}")
        assert (answer.status_code, answer.json()["code"]) == (404, "migration_not_found")
        assert one not in answer.text


async def test_a_migration_with_a_driver_is_busy(
    web: httpx.AsyncClient, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ended migration whose driver still runs answers 409, to be retried."""
    path = await _uploaded(web)
    await _cancelled(web, path)
    with redis.Redis.from_url(redis_url) as client:
        record = f"cards:migration:{path.rsplit('/', 1)[1]}"
        client.hset(record, mapping={"driver": "elsewhere:1:a", "until": 10**14})
    monkeypatch.setattr("producer.migrations.after.forget.LEASE_S", -1.0)
    busy = await web.delete(path)
    assert (busy.status_code, busy.json()["code"]) == (409, "migration_busy")
