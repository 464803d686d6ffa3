"""The sandbox as a server, in the running event loop or in its own thread."""

from __future__ import annotations

import asyncio
import threading
import time
from types import TracebackType

from aiohttp import web

from sandbox.events.delivery import EventSender
from sandbox.http.control_api import ControlApi
from sandbox.http.service import Reply, Service
from sandbox.objects.account import Account
from sandbox.protocol.api_version import API_VERSION
from sandbox.protocol.calls import Call
from sandbox.protocol.errors import DroppedError
from sandbox.protocol.forms import pairs_of

EVENTS_SECRET = "whsec_sandbox0123456789abcdef"  # noqa: S105
"""The default secret that events are signed with; it protects nothing."""
_SHUTDOWN_SECONDS = 0.3


class SandboxServer:
    """The server. Tests in the same process may use its state directly."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        events_url: str | None = None,
        events_secret: str = EVENTS_SECRET,
        events_payload: str = "snapshot",
    ) -> None:
        """Port 0 picks a free one. Events go to `events_url`, signed with the secret."""
        self.service = Service()
        if events_url:
            self.service.event_sender = EventSender(events_url, events_secret, events_payload)
        self._control = ControlApi(self.service)
        self._host = host
        self._port = port
        self._runner: web.ServerRunner | None = None

    @property
    def account(self) -> Account:
        """The objects and effects; replaced at each reset."""
        return self.service.account

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def start(self) -> None:
        """Raises OSError where the address is not available."""
        # The low-level server: one handler, no router, no middleware, no access log.
        server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(
            server, handle_signals=False, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port, backlog=1024).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Cut stalled requests off and close, within a second."""
        self.service.reset(keep_config=True)
        if self.service.event_sender is not None:
            await self.service.event_sender.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> SandboxServer:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path.startswith("/_sandbox/"):
            return await self._control.answer(request)
        headers = request.headers
        encoded = request.query_string
        if request.body_exists:
            body = (await request.read()).decode(errors="replace")
            encoded = f"{encoded}&{body}" if encoded else body
        call = Call(
            request.method,
            path,
            pairs_of(encoded),
            self.service.account.ids.short("req"),
            headers.get("Authorization", ""),
            headers.get("Idempotency-Key"),
            time.time(),
            version=headers.get("Stripe-Version", ""),
            context=headers.get("Stripe-Context", ""),
        )
        try:
            reply = await self.service.answer(call)
        except DroppedError:
            return _cut(request)
        reply.headers["Stripe-Version"] = headers.get("Stripe-Version", API_VERSION)
        if reply.cut is not None:
            return await _truncated(request, reply)
        return web.Response(
            status=reply.status,
            body=reply.body,
            headers=reply.headers,
            content_type="application/json",
        )


def _cut(request: web.BaseRequest) -> web.StreamResponse:
    """Close the connection; aiohttp's later writes are lost."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _truncated(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    """Announce the whole body but send only its beginning."""
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_type = "application/json"
    response.content_length = len(reply.body)
    response.force_close()
    await response.prepare(request)
    await response.write(reply.body[: reply.cut])
    if request.transport is not None:
        request.transport.close()
    return response


class SandboxThread:
    """A sandbox in a daemon thread, for tests and tools without an event loop."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.server = SandboxServer(host, port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)

    @property
    def url(self) -> str:
        return self.server.url

    def send_events_to(self, url: str, payload: str = "snapshot") -> None:
        """Post events there from now on, signed with EVENTS_SECRET."""
        self.server.service.event_sender = EventSender(url, EVENTS_SECRET, payload)

    def start(self) -> None:
        """Raises OSError where the address is not available."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.server.start(), self._loop).result()

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.server.stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> SandboxThread:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
