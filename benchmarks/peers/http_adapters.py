"""HTTP clients behind the interface of `worker.stripe.http_client`.

Each sends once, follows no redirects, keeps no cookies, ignores the environment, asks for no
compression, and has the same two timeouts. Each maps its errors as precisely as it can. None is
imported before it is used, since most are installed by hand.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from datetime import timedelta
from importlib import import_module
from typing import Any, TypeAlias

from benchmarks.peers.httptools_client import Httptools
from worker.stripe.http_client import NoAnswer, NotSent, Unreadable

Answer: TypeAlias = tuple[int, dict[str, str], bytes]

_KEEP_S = 15.0
_MOST = 1000


class Adapter:
    """Replaces the connections of the worker's gateway."""

    def __init__(
        self, *, timeout: float, connect_timeout: float, tls: Callable[[], ssl.SSLContext], **_: Any
    ) -> None:
        """Times in seconds: of a whole request, and of connecting."""
        self.timeout = timeout
        self.connect_timeout = min(timeout, connect_timeout)
        self.tls = tls
        self.client: Any = None

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """Send once."""
        if self.client is None:
            self.client = self.made()
        return await self.sent(method, url, headers, body)

    def made(self) -> Any:
        """Create the client, on the loop that uses it."""
        raise NotImplementedError

    async def sent(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send; return the answer."""
        raise NotImplementedError

    async def close(self) -> None:
        """Close every connection."""


class Httpx(Adapter):
    """httpx, or httpx2, its fork by another maintainer."""

    package = "httpx"

    def made(self) -> Any:
        self._httpx = httpx = import_module(self.package)
        return httpx.AsyncClient(
            verify=self.tls(),
            timeout=httpx.Timeout(self.timeout, connect=self.connect_timeout),
            limits=httpx.Limits(max_connections=_MOST, keepalive_expiry=_KEEP_S),
            trust_env=False,
        )

    async def sent(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        httpx = self._httpx
        try:
            async with asyncio.timeout(self.timeout):
                response = await self.client.request(method, url, headers=headers, content=body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise NotSent(type(error).__name__) from error
        except httpx.RemoteProtocolError as error:
            raise Unreadable(type(error).__name__) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise NoAnswer(type(error).__name__) from error
        return response.status_code, dict(response.headers), response.content

    async def close(self) -> None:
        if self.client is not None:
            await self.client.aclose()


class Httpx2(Httpx):
    """httpx2."""

    package = "httpx2"


class Pyreqwest(Adapter):
    """Rust's reqwest, with Rust's event loop in a thread."""

    def made(self) -> Any:
        self._errors = import_module("pyreqwest.exceptions")
        return (
            import_module("pyreqwest.client")
            .ClientBuilder()
            .timeout(timedelta(seconds=self.timeout))
            .connect_timeout(timedelta(seconds=self.connect_timeout))
            .pool_idle_timeout(timedelta(seconds=_KEEP_S))
            .follow_redirects(False)
            .no_proxy()
            .referer(False)
            .gzip(False)
            .brotli(False)
            .zstd(False)
            .deflate(False)
            .build()
        )

    async def sent(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        errors = self._errors
        builder = self.client.request(method, url).headers(headers).body_bytes(body)
        try:
            response = await builder.build().send()
            content = bytes(await response.bytes())
        except (errors.ConnectError, errors.ConnectTimeoutError) as error:
            raise NotSent(type(error).__name__) from error
        except (errors.NetworkError, errors.RequestTimeoutError) as error:
            raise NoAnswer(type(error).__name__) from error
        except errors.RequestError as error:
            raise Unreadable(type(error).__name__) from error
        return response.status, dict(response.headers.items()), content

    async def close(self) -> None:
        if self.client is not None:
            await self.client.close()


class Niquests(Adapter):
    """niquests' asynchronous session."""

    def made(self) -> Any:
        self._niquests = niquests = import_module("niquests")
        session = niquests.AsyncSession(
            pool_connections=4,
            pool_maxsize=200,
            disable_http2=True,
            disable_http3=True,
            disable_ipv6=True,
        )
        session.trust_env = False
        return session

    async def sent(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        errors = self._niquests.exceptions
        try:
            async with asyncio.timeout(self.timeout):
                response = await self.client.request(
                    method,
                    url,
                    headers=headers,
                    data=body,
                    allow_redirects=False,
                    timeout=(self.connect_timeout, self.timeout),
                )
        except (errors.ConnectTimeout, errors.SSLError, errors.ProxyError) as error:
            raise NotSent(type(error).__name__) from error
        except (errors.RequestException, TimeoutError) as error:
            raise NoAnswer(type(error).__name__) from error
        answered = {name.lower(): value for name, value in response.headers.items()}
        return response.status_code, answered, response.content or b""

    async def close(self) -> None:
        if self.client is not None:
            await self.client.close()


class Aiosonic(Adapter):
    """aiosonic."""

    def made(self) -> Any:
        self._aiosonic = aiosonic = import_module("aiosonic")
        self._timeouts = import_module("aiosonic.timeout").Timeouts(
            sock_connect=self.connect_timeout, request_timeout=self.timeout
        )
        connector = aiosonic.TCPConnector(
            pool_configs={":default": aiosonic.pools.PoolConfig(size=200)}, timeouts=self._timeouts
        )
        return aiosonic.HTTPClient(connector=connector)

    async def sent(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        errors = self._aiosonic.exceptions
        try:
            async with asyncio.timeout(self.timeout):
                response = await self.client.request(
                    url, method, headers=dict(headers), data=body, timeouts=self._timeouts
                )
                content = await response.content()
        except errors.ConnectTimeout as error:
            raise NotSent(type(error).__name__) from error
        except (errors.BaseTimeout, OSError, TimeoutError) as error:
            raise NoAnswer(type(error).__name__) from error
        answered = {name.lower(): value for name, value in response.headers.items()}
        return response.status_code, answered, content


CLIENTS: dict[str, Callable[..., Any]] = {
    "httptools": Httptools,
    "pyreqwest": Pyreqwest,
    "httpx": Httpx,
    "httpx2": Httpx2,
    "niquests": Niquests,
    "aiosonic": Aiosonic,
}
"""By package name."""
