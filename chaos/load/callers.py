"""Callers over HTTP: they send an order, repeat it if that is safe, and ask for its outcome."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import aiohttp

from chaos.clock import now
from chaos.history import ASSIGN, Observation, Order, Recorder, Sending
from chaos.load.answers import observed_in_post, observed_in_status

_TRANSPORT = (aiohttp.ClientError, OSError, asyncio.TimeoutError, ValueError)
_GIVE_UP_S = 60.0
_TIMEOUT = aiohttp.ClientTimeout(total=20, sock_connect=3)


class HttpCallers:
    """Many callers of one web process."""

    def __init__(self, base: str, record: Recorder, seed: int) -> None:
        self._base = base
        self._record = record
        self._draw = random.Random(f"http {seed}")
        self._session = aiohttp.ClientSession(
            timeout=_TIMEOUT, connector=aiohttp.TCPConnector(limit=0), trust_env=False
        )

    async def close(self) -> None:
        await self._session.close()

    async def place(self, order: Order) -> str | None:
        """Send an order until it is accepted, but once if it has no key; return the received id."""
        prefer = self._draw.choices(
            ("respond-async", f"wait={self._draw.randint(1, 4)}", None), (70, 22, 8)
        )[0]
        deadline = now() + _GIVE_UP_S
        attempts = 0
        while True:
            sending = await self._send(order, prefer)
            self._record(sending)
            if sending.id is not None or sending.outcome == "refused":
                return sending.id
            attempts += 1
            if order.key is None or now() > deadline:
                return None
            await asyncio.sleep(self._draw.uniform(0.1, min(2.0, 0.2 * 2**attempts)))

    async def _send(self, order: Order, prefer: str | None) -> Sending:
        path, field = (
            ("/api/cards/assign", "source")
            if order.kind == ASSIGN
            else ("/api/cards/default", "default_source")
        )
        headers = {"Lane": order.lane}
        if prefer is not None:
            headers["Prefer"] = prefer
        if order.key is not None:
            headers["Idempotency-Key"] = order.key
        sent = now()
        try:
            async with self._session.post(
                self._base + path,
                json={"userId": order.customer, field: order.object},
                headers=headers,
            ) as answer:
                body = await answer.json()
                location = answer.headers.get("Location") or answer.headers.get("Content-Location")
                status = answer.status
        except _TRANSPORT:
            return Sending(order.number, sent, now(), "silent")
        at = now()
        id = location.rpartition("/")[2] if location else None
        if status == 503 and body.get("code") == "unavailable":
            return Sending(order.number, sent, at, "unavailable", id)
        if id is None:
            return Sending(order.number, sent, at, "broken" if status >= 500 else "refused")
        self._record(observed_in_post(id, sent, at, status, body))
        return Sending(order.number, sent, at, "accepted", id)

    async def follow(self, id: str) -> None:
        """Ask for a command in a random way, or not at all."""
        chance = self._draw.random()
        if chance < 0.35:
            await asyncio.sleep(self._draw.uniform(0, 2))
            await self.ask(id)
        elif chance < 0.42:
            await self.ask(id, wait=self._draw.randint(1, 8))
        elif chance < 0.46:
            await self._listen(id)

    async def ask(self, id: str, *, wait: int = 0, via: str = "status") -> Observation | None:
        """Record and return a command's status; None without an answer."""
        asked = now()
        query = {"wait": str(wait)} if wait else {}
        try:
            async with self._session.get(f"{self._base}/api/tasks/{id}", params=query) as answer:
                body: dict[str, Any] = await answer.json()
                status = answer.status
        except _TRANSPORT:
            return None
        seen = None
        if status == 200:
            seen = observed_in_status(asked, now(), body["data"], via)
        elif status == 404:
            seen = Observation(id, asked, now(), "absent", via)
        if seen is not None:
            self._record(seen)
        return seen

    async def _listen(self, id: str) -> None:
        """Record the stream of changes, as far as it comes; it includes past states."""
        asked = now()
        try:
            async with self._session.get(f"{self._base}/api/tasks/{id}/events") as answer:
                if answer.status != 200:
                    return
                async for line in answer.content:
                    if line.startswith(b"data:"):
                        data = json.loads(line[5:])
                        data = data.get("data", data)
                        if "taskId" in data and "result" in data:
                            self._record(observed_in_status(asked, now(), data, "events"))
        except _TRANSPORT:
            return
