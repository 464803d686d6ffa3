"""A span for each POST: the server's side of whatever trace its caller is in."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from producer.http.requests.scope_keys import TASK
from producer.observability import tracing

_HEADER = tracing.HEADER.encode()


class ServerSpans:
    """ASGI middleware around all that answers, put there only where tracing is on.

    Of the path only the route's template is told, and nothing of the query: either may hold
    anything. Reads, scrapes and probes have no span.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        attributes = {"http.request.method": "POST", "url.scheme": str(scope.get("scheme", "http"))}
        with tracing.span("POST", tracing.Kind.SERVER, attributes, parent=_given(scope)) as span:

            async def note(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status: int = message["status"]
                    span.set("http.response.status_code", status)
                    if status >= 500:
                        span.failed(str(status))
                await send(message)

            try:
                await self._app(scope, receive, note)
            finally:
                if (route := getattr(scope.get("route"), "path", None)) is not None:
                    span.rename(f"POST {route}")
                    span.set("http.route", route)
                if TASK in scope:
                    span.set("cards.command.id", scope[TASK])


def _given(scope: Scope) -> str:
    """The caller's context; none where there are several, as the W3C's recommendation says."""
    given = [value for name, value in scope["headers"] if name == _HEADER]
    return tracing.parse(given[0].decode("latin-1")) if len(given) == 1 else ""
