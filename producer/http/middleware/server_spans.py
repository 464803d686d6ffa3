"""A server span for each POST, in the trace of its caller."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from producer.http.requests.scope_keys import TASK
from producer.observability import tracing

_HEADER = tracing.HEADER.encode()


class ServerSpans:
    """Outermost ASGI middleware, added only if tracing is on.

    A span holds the route's template but neither path nor query, which may contain anything.
    Reads, scrapes and probes have no span.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        attributes = {"http.request.method": "POST", "url.scheme": str(scope.get("scheme", "http"))}
        with tracing.span("POST", tracing.Kind.SERVER, attributes, parent=_parent(scope)) as span:

            async def send_and_record(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status: int = message["status"]
                    span.set("http.response.status_code", status)
                    if status >= 500:
                        span.failed(str(status))
                await send(message)

            try:
                await self._app(scope, receive, send_and_record)
            finally:
                if (route := getattr(scope.get("route"), "path", None)) is not None:
                    span.rename(f"POST {route}")
                    span.set("http.route", route)
                if TASK in scope:
                    span.set("cards.command.id", scope[TASK])


def _parent(scope: Scope) -> str:
    """The caller's trace context; none if several are sent, as W3C Trace Context recommends."""
    values = [value for name, value in scope["headers"] if name == _HEADER]
    return tracing.parse(values[0].decode("latin-1")) if len(values) == 1 else ""
