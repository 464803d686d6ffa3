"""Callers of a real web process, and checks of what it waits for."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import redis.asyncio

from producer.contract import Lane
from producer.journal.redis import keys
from tests.unit.http.web import ASSIGN, DEFAULT


class Answer:
    def __init__(self, status: int, headers: Any, body: dict[str, Any]) -> None:
        self.at = time.monotonic()
        self.status = status
        self.headers = headers
        self.body = body


async def post(
    session: aiohttp.ClientSession, number: int = 0, path: str = "default", **headers: str
) -> Answer:
    body = {**(DEFAULT if path == "default" else ASSIGN), "userId": f"cus_{number}x"}
    async with session.post(f"/api/cards/{path}", json=body, headers=headers) as response:
        return Answer(response.status, response.headers, await response.json())


async def waiting(session: aiohttp.ClientSession, count: int) -> None:
    """Return once that many callers wait."""
    await counted(session, f"cards_http_waiters {count}.0")


async def counted(session: aiohttp.ClientSession, told: str) -> None:
    """Return once the metrics say so."""
    while True:
        async with session.get("/metrics") as response:
            text = await response.text()
        if told in text:
            return
        await asyncio.sleep(0.02)


async def queued(client: redis.asyncio.Redis, count: int) -> list[str]:
    while True:
        ids: Any = await client.zrange(keys.queued(Lane.INTERACTIVE.value), 0, -1)
        if len(ids) >= count:
            return [ident.decode() for ident in ids]
        await asyncio.sleep(0.02)
