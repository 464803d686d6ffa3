"""Timeouts and a minimum rate for request bodies: ASGI middleware, so it covers every route."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from producer.contract.messages import Text
from producer.contract.refusals import Refusal
from producer.http.metrics.request_metrics import Metrics
from producer.http.rejections import Rejection
from producer.http.server.client_limits import ClientLimits


class BodyTooSlow(Refusal):
    """The body stalled, or arrived too slowly for too long."""

    code = Rejection.BODY_SLOW.code
    http_status = Rejection.BODY_SLOW.status


class BodyTimeout:
    """Raises BodyTooSlow from `receive`. The server then closes the connection: the body is unread.

    Counts only the time in which the application waits for the client. A body may fall behind the
    minimum rate by `body_s` seconds.
    """

    def __init__(self, app: ASGIApp, limits: ClientLimits, metrics: Metrics) -> None:
        self._app = app
        self._limits = limits
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        paced = _Paced(receive, send, self._limits, self._metrics)
        await self._app(scope, paced.receive, paced.send)


class _Paced:
    def __init__(
        self, receive: Receive, send: Send, limits: ClientLimits, metrics: Metrics
    ) -> None:
        self._receive = receive
        self._send = send
        self._limits = limits
        self._metrics = metrics
        self._left_s = limits.body_s
        self._complete = self._too_slow = self._answered = False

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(self._left_s):
                message = await self._receive()
        except TimeoutError:
            return self._time_out()
        self._complete = not message.get("more_body", False)
        self._left_s -= loop.time() - started
        if self._left_s <= 0 and not self._complete:
            return self._time_out()
        received, rate = len(message.get("body", b"")), self._limits.body_rate
        if rate:
            self._left_s = min(self._left_s + received / rate, self._limits.body_s)
        elif received:
            self._left_s = self._limits.body_s
        return message

    def _time_out(self) -> Message:
        if not self._too_slow:
            self._too_slow = True
            self._metrics.rejected(Rejection.BODY_SLOW)
        if self._answered:  # a streaming response that watches for its caller's disconnect
            return {"type": "http.disconnect"}
        raise BodyTooSlow(Text.TOO_SLOW)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._answered = True
        await self._send(message)
