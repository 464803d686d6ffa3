"""Posts to a URL that a sender chose: never to a private address, and within time limits."""

from __future__ import annotations

import errno
import ipaddress
import socket
from typing import Any

import aiohttp

ANSWER_S = 10.0
"""From connecting to the head of the answer."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Unreached(Exception):
    """There was no answer; the text is a code for the reason, without the URL."""


def is_public(address: str) -> bool:
    """Whether an address is on the public Internet, also for IPv4 embedded in IPv6."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(ip.packed[12:])
        if ip.teredo is not None:
            return False
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


class CallbackClient:
    """One session for a worker process, made at the first request."""

    def __init__(self, *, private: bool, answer_s: float = ANSWER_S) -> None:
        """`private` allows private addresses and plain HTTP."""
        self._private = private
        self._answer_s = answer_s
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """The status of the answer, whose body is not read. Redirects are not followed.

        Raises:
            Unreached: no connection, an address that may not be called, or no answer in time.
        """
        if not self._private and not url.startswith("https://"):
            raise Unreached("not_https")
        if self._session is None:
            self._session = self._new_session()
        try:
            async with self._session.post(
                url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            refused = isinstance(error, aiohttp.ClientOSError) and error.errno == errno.EACCES
            raise Unreached("private_address" if refused else type(error).__name__) from error

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    def _new_session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            force_close=True,
            use_dns_cache=False,
            socket_factory=self._socket,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._answer_s),
            auto_decompress=False,
            trust_env=False,
        )

    def _socket(self, address: Any) -> socket.socket:
        """The socket for a resolved address, which is the address that is connected to."""
        family, kind, protocol, _, place = address
        if not self._private and not is_public(place[0]):
            raise OSError(errno.EACCES, "a private address")
        return socket.socket(family, kind, protocol)
