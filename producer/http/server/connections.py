"""Who is connected, by address, and who makes room where there is none."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import Protocol

from producer.http.rejections import Rejection
from producer.http.server.client_limits import ClientLimits

_IPV6_PREFIX = 64
"""What one client is given of IPv6, at the least."""


class Connection(Protocol):
    """What the ledger asks of a connection."""

    def reject(self, why: Rejection) -> None:
        """End it; it leaves the ledger."""


class _Address:
    def __init__(self) -> None:
        self.count = 0
        self.unfinished: dict[Connection, None] = {}
        self.started: dict[Connection, None] = {}


class Connections:
    """The open connections. Places go to whoever sends: the slowest head makes room first."""

    def __init__(self, limits: ClientLimits) -> None:
        self._limits = limits
        self._keys: dict[Connection, str] = {}
        self._addresses: dict[str, _Address] = {}
        self._unfinished: dict[Connection, None] = {}  # the longest first

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def unfinished(self) -> Collection[Connection]:
        """Those that may have to make room, the longest first."""
        return self._unfinished.keys()

    def started(self, host: str) -> Collection[Connection]:
        """Those of the address that keep a head which they have begun, the longest first."""
        there = self._addresses.get(self._key(host))
        return there.started.keys() if there else ()

    def enter(self, connection: Connection, host: str) -> Rejection | None:
        """Give it a place, if need be that of another, or tell why there is none."""
        key = self._key(host)
        there = self._addresses.get(key)
        if key and there is not None and there.count >= self._limits.per_address:
            if not self._make_room(there.unfinished):
                return Rejection.CONNECTIONS_PER_ADDRESS
        elif len(self._keys) >= self._limits.connections and not self._make_room(self._unfinished):
            return Rejection.CONNECTIONS
        self._keys[connection] = key
        self._addresses.setdefault(key, _Address()).count += 1
        return None

    def head_unfinished(self, connection: Connection, *, started: bool) -> None:
        """It keeps a head to itself, of which something is here if it has `begun`.

        Those that have are bounded, and this or another one of the address may be ended. A
        client that has sent nothing may be busy opening more connections, and costs little.
        """
        key = self._keys.get(connection)
        if key is None:
            return
        there = self._addresses[key]
        there.unfinished[connection] = self._unfinished[connection] = None
        if started:
            there.started[connection] = None
            if key and len(there.started) > self._limits.unfinished_per_address:
                self._make_room(there.started)

    def head_finished(self, connection: Connection) -> None:
        """Its head is here."""
        if connection in self._unfinished:
            there = self._addresses[self._keys[connection]]
            for those in (self._unfinished, there.unfinished, there.started):
                those.pop(connection, None)

    def leave(self, connection: Connection) -> None:
        """It has ended, or is about to; may be said twice."""
        self.head_finished(connection)
        key = self._keys.pop(connection, None)
        if key is None:
            return
        there = self._addresses[key]
        there.count -= 1
        if not there.count:
            del self._addresses[key]

    def _make_room(self, unfinished: dict[Connection, None]) -> bool:
        oldest = next(iter(unfinished), None)
        if oldest is None:
            return False
        self.leave(oldest)
        oldest.reject(Rejection.UNFINISHED)
        return True

    def _key(self, host: str) -> str:
        """Whose connections are counted together; "" where they are not counted by address."""
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
