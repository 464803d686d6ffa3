"""Runs for every request: access control, one log line, and an envelope for any error."""

from __future__ import annotations

import logging
import traceback
from time import perf_counter

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from producer.contract.messages import Text
from producer.http.access.scopes import SENDER
from producer.http.metrics.request_metrics import Metrics
from producer.http.middleware.access_control import RATE, AccessControl
from producer.http.requests.scope_keys import HEAD, TASK
from producer.http.responses import Responses

access = logging.getLogger("producer.http.access")
log = logging.getLogger(__name__)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# nginx's status for a caller that disconnected; only logged and counted.
_CLIENT_CLOSED = 499


class RequestMiddleware:
    """ASGI middleware around the whole application.

    It logs the route's template alone: callers may put anything into path, query and method.
    """

    def __init__(
        self, app: ASGIApp, access: AccessControl, responses: Responses, metrics: Metrics
    ) -> None:
        self._app = app
        self._access = access
        self._responses = responses
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = perf_counter()
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        status = _CLIENT_CLOSED
        started = False

        async def send_and_record(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                message = {
                    **message,
                    "headers": [*message.get("headers", ()), *scope.get(RATE, ())],
                }
            await send(message)

        if method == "HEAD":
            # A copy: the server reads the method in its own scope to leave out the body.
            scope = {**scope, "method": "GET", HEAD: True}
        try:
            answer = await self._access.refused(scope)
            await (self._app if answer is None else answer)(scope, receive, send_and_record)
        except ClientDisconnect:
            status = _CLIENT_CLOSED
        except Exception as error:
            # The place but not the text of the error, which may hold anything.
            frames = traceback.extract_tb(error.__traceback__)[-5:]
            places = " < ".join(f"{f.filename}:{f.lineno} {f.name}" for f in reversed(frames))
            log.error("%s at %s", type(error).__name__, places)
            status = 500
            if not started:
                failed = self._responses.no(500, "internal_error", Text.INTERNAL)
                await failed(scope, receive, send_and_record)
        finally:
            seconds = perf_counter() - start
            route = getattr(scope.get("route"), "path", "-")
            self._metrics.answered(method, route, status, seconds)
            access.info(
                "%s %s %d %.1fms%s task=%s",
                method,
                route,
                status,
                seconds * 1000,
                f" by={scope[SENDER]}" if SENDER in scope else "",
                scope.get(TASK, "-"),
                extra={
                    "method": method,
                    "route": route,
                    "status": status,
                    "seconds": round(seconds, 6),
                    "sender": scope.get(SENDER),
                    "command_id": scope.get(TASK),
                },
            )
