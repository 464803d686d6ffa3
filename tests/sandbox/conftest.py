"""A sandbox for each test; every exchange with it is checked against Stripe's description."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from sandbox.http.server import SandboxServer, SandboxThread
from sandbox.http.service import Reply
from sandbox.protocol.calls import Call
from tests.sandbox.stripe_openapi import stripe_description

Exchange = tuple[str, str, str, int, bytes]


def listen(server: SandboxServer) -> list[Exchange]:
    """Records a server's exchanges; garbled ones are wrong on purpose and left out."""
    exchanges: list[Exchange] = []
    answer = server.service.answer

    async def recorded(call: Call) -> Reply:
        reply = await answer(call)
        if reply.body.startswith(b"{"):
            form = urlencode(call.pairs)
            exchanges.append((call.method, call.path, form, reply.status, reply.body))
        return reply

    server.service.answer = recorded  # type: ignore[method-assign]
    return exchanges


def conform(exchanges: list[Exchange]) -> None:
    for exchange in exchanges:
        stripe_description().check(*exchange)


@dataclass
class Answer:
    status: int
    headers: Any
    body: dict[str, Any]

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = self.body["error"]
        return error


class Api:
    """Raw HTTP to a sandbox, each request on its own connection."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self.url = url

    async def send(
        self,
        method: str,
        path: str,
        form: dict[str, str] | None = None,
        *,
        key: str | None = None,
        authorization: str | None = "Bearer sk_test_sandbox",
    ) -> Answer:
        headers = {"Authorization": authorization} if authorization else {}
        if key is not None:
            headers["Idempotency-Key"] = key
        in_body = method == "POST"
        async with self._session.request(
            method,
            f"{self.url}{path}",
            data=form or {} if in_body else None,
            params=None if in_body else form,
            headers=headers,
        ) as response:
            return Answer(response.status, response.headers, await response.json())

    async def get(self, path: str, **form: str) -> Answer:
        return await self.send("GET", path, form)

    async def post(
        self, path: str, form: dict[str, str] | None = None, *, key: str | None = None
    ) -> Answer:
        return await self.send("POST", path, form, key=key)

    async def delete(self, path: str) -> Answer:
        return await self.send("DELETE", path)


@pytest.fixture
async def server() -> AsyncIterator[SandboxServer]:
    async with SandboxServer() as server:
        exchanges = listen(server)
        yield server
    conform(exchanges)


@pytest.fixture
async def api(server: SandboxServer) -> AsyncIterator[Api]:
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Api(session, server.url)


@pytest.fixture
def threaded() -> Iterator[SandboxThread]:
    with SandboxThread() as thread:
        exchanges = listen(thread.server)
        yield thread
    conform(exchanges)
