"""aiohttp as the client of one API: sends each request once, and reports whether it was sent.

docs/performance.md compares its cost with that of others. It has no redirects, cookies or
compression, and ignores the environment.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from weakref import WeakSet

import aiohttp
from yarl import URL

from worker.stripe.connection_faults import describe
from worker.stripe.proxies import Proxy

Answer: TypeAlias = tuple[int, Mapping[str, str], bytes]

# Shorter than servers keep idle connections, which would otherwise close during a request.
_KEEP_ALIVE_S = 15.0
# Stripe's answers are below 1 MB.
_MAX_BYTES = 4 << 20
_UNSAFE = re.compile("[\\r\\n\\0\ud800-\udfff]")
# Set here: to suppress aiohttp's own costs more than the rest of a request's headers.
_DEFAULT_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}


class HttpError(Exception):
    """A request has no valid answer."""


class NotSent(HttpError):
    """Nothing of the request was sent."""


class NoAnswer(HttpError):
    """The request was sent, perhaps in part, and no answer came, or not in time."""


class Unreadable(HttpError):
    """What came back is not a complete HTTP answer, or is too long."""


class _Attempt:
    """Whether a request has a connection, without which nothing can be sent."""

    __slots__ = ("connected",)

    def __init__(self) -> None:
        self.connected = False


_attempt: ContextVar[_Attempt] = ContextVar("attempt")


class _Connector(aiohttp.TCPConnector):
    """Gives each request one connection, which has not received anything unasked."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._used: WeakSet[Any] = WeakSet()

    async def connect(self, *arguments: Any, **options: Any) -> aiohttp.connector.Connection:
        """As aiohttp's, but only once for each request: aiohttp would send a GET again."""
        attempt = _attempt.get()
        if attempt.connected:
            raise NoAnswer("the connection was closed before the answer")
        while True:
            connection = await super().connect(*arguments, **options)
            protocol = connection.protocol
            if protocol is not None and not protocol.should_close:
                break
            # aiohttp would read data from an idle connection as the next request's answer.
            connection.close()
            if protocol not in self._used:
                raise NotSent("the server speaks before it is asked")
        self._used.add(protocol)
        attempt.connected = True
        return connection


class HttpConnections:
    """Connections to one host, on one event loop. Times are in seconds."""

    def __init__(
        self,
        *,
        timeout: float,
        connect_timeout: float,
        tls: Callable[[], ssl.SSLContext],
        proxy: Proxy | None = None,
    ) -> None:
        """`timeout` bounds a request as a whole, including `connect_timeout` for connecting."""
        self._timeout = timeout
        self._connect_timeout = min(timeout, connect_timeout)
        self._tls = tls
        self._proxy = proxy
        self._proxy_headers = (proxy.headers if proxy else {}) or None
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """Send once; returns the status, the headers (names in any case) and the body.

        Raises:
            NotSent: nothing was sent.
            NoAnswer: the request was sent, perhaps in part, and no answer came in time.
            Unreadable: what came back is not a complete HTTP answer, or is too long.
        """
        # A line break in a value would inject a header, or a request.
        if _UNSAFE.search("".join(headers) + "".join(headers.values())):
            raise NotSent("a header holds a line break or invalid text")
        session = self._session or self._open_session()
        # Without TLS there is no tunnel: the proxy reads its headers among the others.
        headers = {**_DEFAULT_HEADERS, **headers}
        if self._proxy_headers and not url.startswith("https:"):
            headers |= self._proxy_headers
        attempt = _Attempt()
        _attempt.set(attempt)
        try:
            response = await session.request(
                method,
                URL(url, encoded=True),
                headers=headers,
                data=body or None,
                allow_redirects=False,
                proxy_headers=self._proxy_headers,
            )
            try:
                return response.status, response.headers, await _read_body(response)
            except BaseException:
                response.close()
                raise
        # TimeoutError is an OSError; loops raise RuntimeError for connections just closed.
        except (aiohttp.ClientError, OSError, RuntimeError, ValueError) as error:
            raise self._http_error(error, attempt, url) from None

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    def _open_session(self) -> aiohttp.ClientSession:
        self._session = aiohttp.ClientSession(
            connector=_Connector(
                limit=0,  # the worker's slots are the limit
                ssl=self._tls(),
                keepalive_timeout=_KEEP_ALIVE_S,
                resolver=aiohttp.ThreadedResolver(),
            ),
            timeout=aiohttp.ClientTimeout(
                total=self._timeout,
                connect=self._connect_timeout,
                ceil_threshold=self._timeout,  # aiohttp rounds longer ones up to whole seconds
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            proxy=None if self._proxy is None else self._proxy.url,
        )
        return self._session

    def _http_error(self, error: Exception, attempt: _Attempt, url: str) -> HttpError:
        if not attempt.connected:
            host = urlsplit(url).hostname or ""
            return NotSent(describe(error, host, self._proxy, self._connect_timeout))
        if isinstance(error, TimeoutError):
            return NoAnswer(f"no answer within {self._timeout:g} s")
        if isinstance(error, aiohttp.ClientPayloadError):
            return Unreadable("the connection was closed within the answer")
        if isinstance(error, aiohttp.ClientResponseError | ValueError):
            return Unreadable(f"not an HTTP answer ({type(error).__name__})")
        return NoAnswer("the connection was closed before the answer")


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    headers = response.headers
    if "Content-Length" not in headers and "Transfer-Encoding" not in headers:
        if response.status in (204, 304):
            return b""
        # If only the end of the connection ended it, a part would look complete.
        raise Unreadable("the answer does not state its length")
    parts, size = [], 0
    while part := await response.content.readany():
        size += len(part)
        if size > _MAX_BYTES:
            raise Unreadable(f"the answer is longer than {_MAX_BYTES >> 20} MiB")
        parts.append(part)
    return b"".join(parts)
