"""What one client may take of the web process before its request is the application's."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, TypeAlias

from producer.settings import SettingsError, number, whole_number

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_NEVER_S = 1e8
"""What 0, no limit, is to a timer: three years."""


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """Sizes in bytes, times in seconds. docs/http-server.md says why these."""

    head_bytes: int = 32_768
    """Of a request's line and headers; also of a chunked body's trailers or chunk extensions."""
    head_s: float = 15.0
    """From connecting, or from the first byte of the next request, to the end of its headers."""
    body_s: float = 30.0
    """How long a body may bring nothing."""
    body_rate: int = 4096
    """Bytes a second that a body must bring on the average; `body_s` is what it may fall behind."""
    answer_s: float = 30.0
    """How long an answer that has filled the buffers may wait for its reader."""
    idle_s: float = 5.0
    """How long a connection is kept between two requests."""
    connections: int = 5000
    per_address: int = 4000
    unfinished_per_address: int = 100
    """Connections that have sent a part of a head and, a second later, not the rest."""
    proxies: tuple[Network, ...] = ()
    """Whose X-Forwarded-For is believed, and which the bounds of an address do not apply to."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings CARDS_HTTP_... Raises SettingsError."""

        usual = cls()

        def size(name: str, default: int, low: int = 1) -> int:
            return whole_number(environ, f"CARDS_HTTP_{name}", default, low=low)

        def seconds(name: str, default: float) -> float:
            return number(environ, f"CARDS_HTTP_{name}", default, unit="seconds") or _NEVER_S

        return cls(
            head_bytes=size("HEAD_LIMIT", usual.head_bytes, low=1024),
            head_s=seconds("HEAD_TIMEOUT", usual.head_s),
            body_s=seconds("BODY_TIMEOUT", usual.body_s),
            body_rate=size("BODY_RATE", usual.body_rate, low=0),
            answer_s=seconds("ANSWER_TIMEOUT", usual.answer_s),
            idle_s=seconds("KEEP_ALIVE", usual.idle_s),
            connections=size("CONNECTIONS", usual.connections),
            per_address=size("CONNECTIONS_PER_ADDRESS", usual.per_address),
            unfinished_per_address=size("UNFINISHED_PER_ADDRESS", usual.unfinished_per_address),
            proxies=_networks(environ, "CARDS_HTTP_TRUSTED_PROXIES"),
        )


def _networks(environ: Mapping[str, str], name: str) -> tuple[Network, ...]:
    listed = [one.strip() for one in environ.get(name, "").split(",")]
    try:
        return tuple(ipaddress.ip_network(one) for one in listed if one)
    except ValueError:
        raise SettingsError(
            name, "must hold addresses or networks (10.0.0.0/8), separated by commas"
        ) from None
