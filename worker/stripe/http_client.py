"""aiohttp as the client of one API: each request is sent once, and what became of it is certain.

docs/performance.md has what it costs beside others. Redirects, cookies, compression and what the
environment holds are left out.
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

from worker.stripe.connection_faults import said_of
from worker.stripe.proxies import Proxy

Answer: TypeAlias = tuple[int, Mapping[str, str], bytes]

# Below the least that servers keep an idle connection, which would otherwise close on a request.
_KEEP_S = 15.0
# Stripe's answers are below 1 MB.
_MOST_BYTES = 4 << 20
_UNSAFE = re.compile("[\\r\\n\\0\ud800-\udfff]")
# Said here, since leaving aiohttp's own out costs more than the rest of a request's headers.
_ALWAYS = {"Accept": "application/json", "Accept-Encoding": "identity"}


class HttpError(Exception):
    """A request has no answer."""


class NotSent(HttpError):
    """Nothing of it was sent."""


class NoAnswer(HttpError):
    """Sent, perhaps in part, and no answer came back, or not in time."""


class Unreadable(HttpError):
    """What came back is not a whole HTTP answer, or too long a one."""


class _Attempt:
    """A request: whether it was given a connection, before which nothing can be sent."""

    __slots__ = ("connected",)

    def __init__(self) -> None:
        self.connected = False


_attempt: ContextVar[_Attempt] = ContextVar("attempt")


class _Connector(aiohttp.TCPConnector):
    """Gives each request one connection, on which nothing has come that nobody asked for."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._handed_out: WeakSet[Any] = WeakSet()

    async def connect(self, *arguments: Any, **options: Any) -> aiohttp.connector.Connection:
        """As the connector's own, but once for each request: aiohttp sends a GET again."""
        attempt = _attempt.get()
        if attempt.connected:
            raise NoAnswer("the connection was closed before the answer")
        while True:
            connection = await super().connect(*arguments, **options)
            protocol = connection.protocol
            if protocol is not None and not protocol.should_close:
                break
            # aiohttp would take what came on an idle connection for the next request's answer.
            connection.close()
            if protocol not in self._handed_out:
                raise NotSent("the server speaks before it is asked")
        self._handed_out.add(protocol)
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
        """`timeout` bounds a request as a whole, of which `connect_timeout` the connecting."""
        self._timeout = timeout
        self._connect_timeout = min(timeout, connect_timeout)
        self._tls = tls
        self._proxy = proxy
        self._told_proxy = (proxy.headers if proxy else {}) or None
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """Send once; answers status, headers by name in any case, and body.

        Raises:
            NotSent, NoAnswer, Unreadable: as they say.
        """
        # A line break inside a value would be a header, or a request, of somebody else's making.
        if _UNSAFE.search("".join(headers) + "".join(headers.values())):
            raise NotSent("a header holds a line break, or what is no text")
        session = self._session or self._opened()
        # Without TLS there is no tunnel: what the proxy is told stands among the other headers.
        headers = {**_ALWAYS, **headers}
        if self._told_proxy and not url.startswith("https:"):
            headers |= self._told_proxy
        attempt = _Attempt()
        _attempt.set(attempt)
        try:
            response = await session.request(
                method,
                URL(url, encoded=True),
                headers=headers,
                data=body or None,
                allow_redirects=False,
                proxy_headers=self._told_proxy,
            )
            try:
                return response.status, response.headers, await _whole(response)
            except BaseException:
                response.close()
                raise
        # TimeoutError is an OSError; loops raise RuntimeErrors over connections just closed.
        except (aiohttp.ClientError, OSError, RuntimeError, ValueError) as error:
            raise self._failed(error, attempt, url) from None

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        self._session = aiohttp.ClientSession(
            connector=_Connector(
                limit=0,  # the worker's slots are the limit
                ssl=self._tls(),
                keepalive_timeout=_KEEP_S,
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

    def _failed(self, error: Exception, attempt: _Attempt, url: str) -> HttpError:
        if not attempt.connected:
            host = urlsplit(url).hostname or ""
            return NotSent(said_of(error, host, self._proxy, self._connect_timeout))
        if isinstance(error, TimeoutError):
            return NoAnswer(f"no answer within {self._timeout:g} s")
        if isinstance(error, aiohttp.ClientPayloadError):
            return Unreadable("the connection was closed within the answer")
        if isinstance(error, aiohttp.ClientResponseError | ValueError):
            return Unreadable(f"not an HTTP answer ({type(error).__name__})")
        return NoAnswer("the connection was closed before the answer")


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    headers = response.headers
    if "Content-Length" not in headers and "Transfer-Encoding" not in headers:
        if response.status in (204, 304):
            return b""
        # Where it ends only with the connection, a part of it looks like the whole.
        raise Unreadable("the answer does not say how long it is")
    parts, size = [], 0
    while part := await response.content.readany():
        size += len(part)
        if size > _MOST_BYTES:
            raise Unreadable(f"the answer is longer than {_MOST_BYTES >> 20} MiB")
        parts.append(part)
    return b"".join(parts)
