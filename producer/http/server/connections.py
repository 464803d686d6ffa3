"""Counts open connections by address, and decides which one is closed to make room."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import Protocol

from producer.http.rejections import Rejection
from producer.http.server.client_limits import ClientLimits

_IPV6_PREFIX = 64
"""Providers give each client at least such an IPv6 network."""


class Connection(Protocol):
    """A connection as `Connections` sees it."""

    def reject(self, why: Rejection) -> None:
        """Close it; it calls `leave`."""


class _Address:
    def __init__(self) -> None:
        self.count = 0
        self.unfinished: dict[Connection, None] = {}
        self.started: dict[Connection, None] = {}


class Connections:
    """The open connections. If there is no place, the slowest request head makes room."""

    def __init__(self, limits: ClientLimits) -> None:
        self._limits = limits
        self._keys: dict[Connection, str] = {}
        self._addresses: dict[str, _Address] = {}
        self._unfinished: dict[Connection, None] = {}  # the oldest first

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def unfinished(self) -> Collection[Connection]:
        """Connections without a complete head, which may have to make room; the oldest first."""
        return self._unfinished.keys()

    def started(self, host: str) -> Collection[Connection]:
        """The address's connections with a started, unfinished head; the oldest first."""
        address = self._addresses.get(self._key(host))
        return address.started.keys() if address else ()

    def enter(self, connection: Connection, host: str) -> Rejection | None:
        """Give the connection a place, if need be another's; or return why there is none."""
        key = self._key(host)
        address = self._addresses.get(key)
        if key and address is not None and address.count >= self._limits.per_address:
            if not self._make_room(address.unfinished):
                return Rejection.CONNECTIONS_PER_ADDRESS
        elif len(self._keys) >= self._limits.connections and not self._make_room(self._unfinished):
            return Rejection.CONNECTIONS
        self._keys[connection] = key
        self._addresses.setdefault(key, _Address()).count += 1
        return None

    def head_unfinished(self, connection: Connection, *, started: bool) -> None:
        """The connection's head is incomplete; if `started`, a part of it has arrived.

        Started heads are limited by address, so this connection or another one of its address may
        be closed. A client that has sent nothing may be opening more connections, and costs little.
        """
        key = self._keys.get(connection)
        if key is None:
            return
        address = self._addresses[key]
        address.unfinished[connection] = self._unfinished[connection] = None
        if started:
            address.started[connection] = None
            if key and len(address.started) > self._limits.unfinished_per_address:
                self._make_room(address.started)

    def head_finished(self, connection: Connection) -> None:
        """The connection's head is complete."""
        if connection in self._unfinished:
            address = self._addresses[self._keys[connection]]
            for connections in (self._unfinished, address.unfinished, address.started):
                connections.pop(connection, None)

    def leave(self, connection: Connection) -> None:
        """The connection has ended or is about to. May be called twice."""
        self.head_finished(connection)
        key = self._keys.pop(connection, None)
        if key is None:
            return
        address = self._addresses[key]
        address.count -= 1
        if not address.count:
            del self._addresses[key]

    def _make_room(self, unfinished: dict[Connection, None]) -> bool:
        oldest = next(iter(unfinished), None)
        if oldest is None:
            return False
        self.leave(oldest)
        oldest.reject(Rejection.UNFINISHED)
        return True

    def _key(self, host: str) -> str:
        """Groups connections counted together; "" if they are not counted by address."""
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return ""
        if isinstance(address, ipaddress.IPv6Address):
            address = address.ipv4_mapped or address
        if any(address in network for network in self._limits.proxies):
            return ""
        if isinstance(address, ipaddress.IPv6Address):
            return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))
        return str(address)
