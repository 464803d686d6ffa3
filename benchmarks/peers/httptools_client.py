"""Our own client on httptools (llhttp), which the worker had before aiohttp.

It has no redirects, cookies, proxies, compression or retries: it shows what leaving them out saves.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import SplitResult, urlsplit

import httptools

from worker.clock import clock
from worker.stripe.http_client import HttpError, NoAnswer, NotSent, Unreadable

# Less than servers keep an idle connection, which otherwise might close during a request.
_KEEP_S = 15.0


class _Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.idle_since = 0.0
        self._answer: asyncio.Future[tuple[int, dict[str, str], bytes]] | None = None
        self._begun = False
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)

    @property
    def usable(self) -> bool:
        """Whether another request may be sent on this connection."""
        return self.transport is not None and not self.transport.is_closing()

    def send(
        self, request: bytes, answer: asyncio.Future[tuple[int, dict[str, str], bytes]]
    ) -> None:
        """Write the request; its answer resolves the future."""
        assert self.transport is not None
        self._answer, self._begun, self._headers, self._body = answer, False, {}, []
        self.transport.write(request)

    def abort(self) -> None:
        """Close at once."""
        self._answer = None
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's class.
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            # An answer without a request would be mistaken for the next request's.
            self.abort()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(Unreadable(f"not an HTTP answer ({type(error).__name__})"))
            self.abort()
        else:
            self._begun = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self._begun:
            self._fail(Unreadable("the connection was closed within the answer"))
        else:
            self._fail(NoAnswer("the connection was closed before the answer"))

    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools found a header."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """httptools found a part of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """httptools found the end of the answer."""
        status = self._parser.get_status_code()
        if status < 200:  # 100 Continue, 103 Early Hints: the answer follows
            self._headers, self._body = {}, []
            return
        answer, self._answer = self._answer, None
        if not self._parser.should_keep_alive() and self.transport is not None:
            self.transport.close()
        if answer is not None and not answer.done():
            answer.set_result((status, self._headers, b"".join(self._body)))

    def _fail(self, error: HttpError) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(error)


class Httptools:
    """Connections to several hosts, on one event loop. Times are in seconds."""

    def __init__(
        self,
        *,
        timeout: float,
        connect_timeout: float,
        tls: Callable[[], ssl.SSLContext],
        **_: object,
    ) -> None:
        """`timeout` limits a whole request, `connect_timeout` the connecting within it."""
        self._timeout = timeout
        self._connect_timeout = min(timeout, connect_timeout)
        self._tls = tls
        self._context: ssl.SSLContext | None = None
        self._idle: dict[str, deque[_Connection]] = {}
        self._used: set[_Connection] = set()

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Send once; return status, headers by lower-case name, and body.

        Raises:
            NotSent, NoAnswer, Unreadable: see their descriptions.
        """
        parts = urlsplit(url)
        request = _written(method, parts, headers, body)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout
        origin = f"{parts.scheme}://{parts.netloc}"
        connection = self._kept(origin) or await self._connect(parts)
        answer: asyncio.Future[tuple[int, dict[str, str], bytes]] = loop.create_future()
        timer = loop.call_at(deadline, _too_late, answer, self._timeout)
        self._used.add(connection)
        try:
            connection.send(request, answer)
            answered = await answer
        except BaseException:
            connection.abort()
            raise
        finally:
            timer.cancel()
            self._used.discard(connection)
        self._keep(origin, connection)
        return answered

    async def close(self) -> None:
        """Close every connection."""
        for connection in (*self._used, *(one for idle in self._idle.values() for one in idle)):
            connection.abort()
        self._idle.clear()

    def _kept(self, origin: str) -> _Connection | None:
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.usable and clock() - connection.idle_since < _KEEP_S:
                return connection
            connection.abort()
        return None

    def _keep(self, origin: str, connection: _Connection) -> None:
        if not connection.usable:
            return
        connection.idle_since = now = clock()
        idle = self._idle.setdefault(origin, deque())
        idle.append(connection)
        while now - idle[0].idle_since >= _KEEP_S:
            idle.popleft().abort()

    async def _connect(self, parts: SplitResult) -> _Connection:
        secure = parts.scheme == "https"
        if secure and self._context is None:
            self._context = self._tls()
        try:
            async with asyncio.timeout(self._connect_timeout):
                _, connection = await asyncio.get_running_loop().create_connection(
                    _Connection,
                    parts.hostname or "",
                    parts.port or (443 if secure else 80),
                    ssl=self._context if secure else None,
                )
        except (OSError, ValueError) as error:  # TimeoutError and ssl.SSLError are OSErrors
            raise NotSent(f"no connection ({type(error).__name__})") from error
        return connection


def _written(method: str, parts: SplitResult, headers: Mapping[str, str], body: bytes) -> bytes:
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc.rpartition('@')[2]}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    head = "\r\n".join(lines)
    # A line break in a value could forge a header or a request.
    if head.count("\r") != len(lines) - 1 or head.count("\n") != len(lines) - 1 or "\0" in head:
        raise NotSent("a header holds a line break")
    return head.encode() + body


def _too_late(answer: asyncio.Future[tuple[int, dict[str, str], bytes]], timeout: float) -> None:
    if not answer.done():
        answer.set_exception(NoAnswer(f"no answer within {timeout:g} s"))
