"""uvicorn's server loop with our protocol and a small application, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.types import Message, Receive, Scope, Send
from uvicorn.server import ServerState

from producer.http.metrics.request_metrics import Metrics
from producer.http.rejections import Rejection
from producer.http.responses import Responses
from producer.http.server.client_limits import ClientLimits
from producer.http.server.connection_close import ServerContext
from producer.http.server.connections import Connections
from producer.http.server.protocol import protocol_class

GET = b"GET /now HTTP/1.1\r\nHost: a\r\n"
WAITING = b"POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Application:
    """Answers at once, on command, or with more than any buffer holds."""

    asked: asyncio.Queue[Scope] = field(default_factory=asyncio.Queue)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.put_nowait(scope)
        match scope["path"]:
            case "/wait":
                await self.may_answer.wait()
            case "/read":
                while (message := await receive()).get("more_body"):
                    pass
                if message["type"] == "http.disconnect":
                    self.gone.set()
                    return
            case "/endless":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                part: Message = {"type": "http.response.body", "body": b"x" * 65_536}
                while not scope["state"]["connection"].transport.is_closing():
                    await send({**part, "more_body": True})
                self.gone.set()
                return
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["path"] == "/broken":
            raise RuntimeError
        await send({"type": "http.response.body", "body": b"ok"})


@dataclass(frozen=True)
class Serving:
    port: int
    app: Application
    context: ServerContext

    def rejected(self, why: Rejection) -> float:
        """How often the metrics counted the rejection."""
        told = self.context.metrics.response().body.decode()  # type: ignore[union-attr]
        label = f'cards_http_refused_total{{reason="{why.label}"}} '
        return float(next(line for line in told.splitlines() if line.startswith(label)).split()[1])


@asynccontextmanager
async def serving(**limits: Any) -> AsyncIterator[Serving]:
    """A server with these limits."""
    set_to = ClientLimits(**limits)
    context = ServerContext(set_to, Connections(set_to), Responses("en"), Metrics())
    app, state, cls = Application(), ServerState(), protocol_class(context)
    config = uvicorn.Config(
        app,
        http=cls,
        ws="none",
        log_config=None,
        timeout_keep_alive=set_to.idle_s,  # type: ignore[arg-type]
    )
    loop = asyncio.get_running_loop()

    def protocol() -> asyncio.Protocol:
        shared: dict[str, Any] = {}
        made = cls(config, state, shared, _loop=loop)
        shared["connection"] = made
        return made

    config.load()
    server = await loop.create_server(protocol, "127.0.0.1", 0)
    try:
        yield Serving(server.sockets[0].getsockname()[1], app, context)
    finally:
        server.close()
        for task in tuple(state.tasks):
            task.cancel()
        for connection in tuple(state.connections):
            connection.transport.abort()
        await asyncio.gather(*state.tasks, return_exceptions=True)
