"""Throttles failed sign-ins: by address, and harder when many addresses fail."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.types import Scope as AsgiScope

from producer.http.access.gcra import CellRate

_MAX_ADDRESSES = 4096
_IPV6_NETWORK = 64  # bits; providers give each customer at least such a network


class Throttled(Exception):
    """The address sent too many wrong tokens, and must wait for `wait_s` seconds."""

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s
        super().__init__(f"wait {wait_s:.0f} s")


class Throttle:
    """Counts wrong tokens by address, for up to `_MAX_ADDRESSES` addresses, and overall.

    If there are too many overall, no address is locked out because of others: each may still try
    once at a time instead of several times.
    """

    def __init__(
        self, per_address: CellRate, overall: CellRate, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_address = per_address
        self._one_by_one = CellRate(1, per_address.interval_s)
        self._overall = overall
        self._clock = clock
        self._due: OrderedDict[str, float] = OrderedDict()  # the last to fail is last
        self._due_overall = 0.0

    def wait_s(self, address: str) -> float:
        """Seconds until the address may try again; 0 if it may."""
        now = self._clock()
        crowded = self._overall.wait_s(self._due_overall, now) > 0
        rate = self._one_by_one if crowded else self._per_address
        return rate.wait_s(self._due.get(address, 0.0), now)

    def failed(self, address: str) -> None:
        """Count a wrong token from the address."""
        now = self._clock()
        self._due[address] = self._per_address.used(self._due.get(address, 0.0), now)
        self._due.move_to_end(address)
        if len(self._due) > _MAX_ADDRESSES:
            self._due.popitem(last=False)
        if not self._overall.wait_s(self._due_overall, now):
            self._due_overall = self._overall.used(self._due_overall, now)


def address_of(scope: AsgiScope) -> str:
    """The caller's address; for IPv6 its /64 network, all of which one caller may own."""
    client = scope.get("client")
    if not client:
        return "?"
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return str(client[0])[:64]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        network = ipaddress.IPv6Network((int(address), _IPV6_NETWORK), strict=False)
        return str(network.network_address)
    return str(address)
