"""Somebody who is told of ends, and looks at what comes as the specification says."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

SECRET = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


@dataclass
class Delivery:
    """A request whose signature was right."""

    id: str
    event: dict[str, Any]
    content_type: str


@dataclass
class Receiver:
    """Answers with `statuses` in turn, then 204; a 3xx leads to itself."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    endless: bool = False
    silent: bool = False
    deliveries: asyncio.Queue[Delivery] = field(default_factory=asyncio.Queue)
    requests: int = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request."""
        self.requests += 1
        body = await request.read()
        if self.silent:
            await asyncio.Event().wait()
        self._verify(request, body)
        sent = Delivery(
            request.headers["webhook-id"], json.loads(body), request.headers["Content-Type"]
        )
        self.deliveries.put_nowait(sent)
        if self.endless:
            return await _endless(request)
        status = self.statuses.pop(0) if self.statuses else 204
        return web.Response(status=status, headers={"Location": self.url})

    async def next(self) -> Delivery:
        """The next delivery."""
        return await asyncio.wait_for(self.deliveries.get(), 60)

    def _verify(self, request: web.BaseRequest, body: bytes) -> None:
        ident, at = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        assert "." not in ident
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        code = base64.b64encode(hmac.digest(key, f"{ident}.{at}.".encode() + body, "sha256"))
        assert f"v1,{code.decode()}" in request.headers["webhook-signature"].split(" ")


async def _endless(request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x" * 65_536)


@asynccontextmanager
async def receiving(*, tls: ssl.SSLContext | None = None, **how: Any) -> AsyncIterator[Receiver]:
    """A receiver on loopback."""
    receiver = Receiver(**how)
    runner = web.ServerRunner(web.Server(receiver.handle), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    receiver.url = f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}/told?of=it"
    try:
        yield receiver
    finally:
        await runner.cleanup()
