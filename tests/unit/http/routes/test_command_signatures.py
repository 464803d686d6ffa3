"""Web signs its commands and reads if it has keys."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from producer.contract import Lane
from producer.http.migrations.processes.child_processes import ChildProcesses
from producer.journal import Journal
from producer.journal.commands.signed import SIGNATURE, message_flaw, row_flaw
from producer.redis import RedisConfig
from producer.security.command_signatures import Signing
from tests.unit.http.web import ASSIGN, CUSTOMER, DEFAULT, client_of

KEY, OLD = "k" * 32, "o" * 32
SIGNING = Signing.of(KEY)
KEYS = {"CARDS_SIGNING_KEYS": f"{KEY},{OLD}"}


def flaw_of(text: str) -> object:
    """The flaw in a message's signature now, by the first key alone."""
    one: dict[str, Any] = json.loads(text)
    now_ms = time.time() * 1000
    return message_flaw(SIGNING, one["headers"], one["body"], now_ms=now_ms, max_age_s=60)


@pytest.mark.parametrize(("path", "body"), [("default", DEFAULT), ("assign", ASSIGN)])
@pytest.mark.parametrize("lane", Lane)
async def test_commands_are_signed(
    redis_url: str, journal: Journal, path: str, body: dict[str, str], lane: Lane
) -> None:
    """Both the row and the message are signed."""
    headers = {"Prefer": "respond-async", "Lane": lane.value}
    async with client_of(redis_url, **KEYS) as client:
        response = await client.post(f"/api/cards/{path}", json=body, headers=headers)
    task_id = response.json()["data"]["taskId"]
    row = await journal._redis.hgetall(f"cards:command:{task_id}")
    assert row_flaw(SIGNING, task_id, row, now_ms=time.time() * 1000, max_age_s=60) is None
    assert flaw_of(await journal._redis.lpop(lane.value)) is None


async def test_reads_are_signed(redis_url: str, journal: Journal) -> None:
    """Reads are signed too, or a worker that requires signatures would list no cards."""
    async with client_of(redis_url, **KEYS) as client:
        asking = asyncio.create_task(client.get(f"/api/cards/{CUSTOMER}"))
        while (text := await journal._redis.lpop("interactive")) is None:
            await asyncio.sleep(0)
        asking.cancel()
    assert flaw_of(text) is None


async def test_without_keys_nothing_is_signed(redis_url: str, journal: Journal) -> None:
    """Messages and rows have no signature."""
    async with client_of(redis_url) as client:
        response = await client.post(
            "/api/cards/default", json=DEFAULT, headers={"Prefer": "respond-async"}
        )
    row = await journal._redis.hgetall(f"cards:command:{response.json()['data']['taskId']}")
    assert "signature" not in row
    text = await journal._redis.lpop("interactive")
    assert SIGNATURE not in json.loads(text)["headers"]


def test_child_processes_get_the_keys(tmp_path: Path) -> None:
    """Drivers sign what they send with web's keys."""
    config = RedisConfig.of("redis://127.0.0.1:6379/0")
    signing = Signing(Signing.of(KEY, OLD).keys, required=True)
    given = ChildProcesses(config, tmp_path, "en", signing)._environ
    assert Signing.from_environ(given) == signing
    assert "CARDS_API_TOKENS" not in given
