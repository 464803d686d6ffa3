"""What every request passes: access, one log line, and an envelope whatever goes wrong inside."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable
from time import perf_counter

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from producer.contract.messages import Text
from producer.http.answers import Answers
from producer.http.auth import Bearers
from producer.http.metrics import Metrics
from producer.http.page.sessions import Sessions, is_page

access = logging.getLogger("producer.http.access")
log = logging.getLogger(__name__)

TASK = "cards.task_id"
"""Where in the scope a handler leaves the id of a command it knows, for the log line."""
HEAD = "cards.head"
"""In the scope of a HEAD request, which is otherwise handled as GET."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# nginx's status for a caller that went away; only ever logged and counted.
_GONE = 499
# What a name, an address and a port consist of (RFC 3986, section 3.2.2); it may be empty.
_HOST = re.compile(rb"(?:\[[0-9A-Fa-fvV:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]*)(?::[0-9]*)?")


class Entrance:
    """ASGI middleware around the whole application.

    The path, the query and the method are what a caller sent, and may hold anything: only the
    route's template is logged.
    """

    def __init__(
        self,
        app: ASGIApp,
        bearers: Bearers,
        answers: Answers,
        metrics: Metrics,
        sessions: Sessions,
        sign_in: Callable[[str], Response],
    ) -> None:
        """`sign_in` answers a browser without a session, for the path it wanted."""
        self._app = app
        self._sessions = sessions
        self._sign_in = sign_in
        self._bearers = bearers
        self._answers = answers
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        status = _GONE
        started = False

        async def note(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
            await send(message)

        if method == "HEAD":
            # A copy: the server looks at its own to leave the body out.
            scope = {**scope, "method": "GET", HEAD: True}
        try:
            path, headers = scope["path"], scope["headers"]
            if not _names_host(scope):
                refused = self._answers.no(400, "host_invalid", Text.BAD_HOST)
                await refused(scope, receive, note)
            elif self._bearers.admit(path, headers) or self._sessions.admit(path, headers):
                await self._app(scope, receive, note)
            elif scope["method"] == "GET" and is_page(path):
                await self._sign_in(path)(scope, receive, note)
            else:
                refused = self._answers.no(
                    401, "unauthorized", Text.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"}
                )
                await refused(scope, receive, note)
        except ClientDisconnect:
            status = _GONE
        except Exception as error:
            # Where, but not what: the text of an error may hold anything.
            frames = traceback.extract_tb(error.__traceback__)[-5:]
            places = " < ".join(f"{f.filename}:{f.lineno} {f.name}" for f in reversed(frames))
            log.error("%s at %s", type(error).__name__, places)
            status = 500
            if not started:
                failed = self._answers.no(500, "internal_error", Text.INTERNAL)
                await failed(scope, receive, note)
        finally:
            seconds = perf_counter() - began
            route = getattr(scope.get("route"), "path", "-")
            self._metrics.answered(method, route, status, seconds)
            access.info(
                "%s %s %d %.1fms task=%s",
                method,
                route,
                status,
                seconds * 1000,
                scope.get(TASK, "-"),
            )


def _names_host(scope: Scope) -> bool:
    """Whether `Host` is there once, and is one, as HTTP/1.1 asks (RFC 9112, section 3.2)."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if not hosts:
        return bool(scope["http_version"] != "1.1")
    return len(hosts) == 1 and _HOST.fullmatch(hosts[0].strip()) is not None
