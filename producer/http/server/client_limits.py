"""Limits on a client's use of the web process before its request reaches the application."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, TypeAlias

from producer.settings import SettingsError, number, whole_number

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_NEVER_S = 1e8
"""The timer's value for 0, no limit: three years."""


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """Sizes in bytes, times in seconds. docs/http-server.md gives the reasons."""

    head_bytes: int = 32_768
    """Size of a request's line and headers; also of a body's trailers or chunk extensions."""
    head_s: float = 15.0
    """From connecting, or from the first byte of the next request, to the end of its headers."""
    body_s: float = 30.0
    """How long a body may stall."""
    body_rate: int = 4096
    """Average bytes a second that a body must bring; it may fall behind by `body_s`."""
    answer_s: float = 30.0
    """How long an answer that has filled the buffers may wait for the client to read it."""
    idle_s: float = 5.0
    """How long an idle connection is kept between two requests."""
    connections: int = 5000
    per_address: int = 4000
    unfinished_per_address: int = 100
    """Connections that have sent only a part of a head a second after it started."""
    proxies: tuple[Network, ...] = ()
    """Proxies whose X-Forwarded-For is trusted; limits per address do not apply to them."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings CARDS_HTTP_... Raises SettingsError."""

        defaults = cls()

        def size(name: str, default: int, low: int = 1) -> int:
            return whole_number(environ, f"CARDS_HTTP_{name}", default, low=low)

        def seconds(name: str, default: float) -> float:
            return number(environ, f"CARDS_HTTP_{name}", default, unit="seconds") or _NEVER_S

        return cls(
            head_bytes=size("HEAD_LIMIT", defaults.head_bytes, low=1024),
            head_s=seconds("HEAD_TIMEOUT", defaults.head_s),
            body_s=seconds("BODY_TIMEOUT", defaults.body_s),
            body_rate=size("BODY_RATE", defaults.body_rate, low=0),
            answer_s=seconds("ANSWER_TIMEOUT", defaults.answer_s),
            idle_s=seconds("KEEP_ALIVE", defaults.idle_s),
            connections=size("CONNECTIONS", defaults.connections),
            per_address=size("CONNECTIONS_PER_ADDRESS", defaults.per_address),
            unfinished_per_address=size("UNFINISHED_PER_ADDRESS", defaults.unfinished_per_address),
            proxies=_networks(environ, "CARDS_HTTP_TRUSTED_PROXIES"),
        )


def _networks(environ: Mapping[str, str], name: str) -> tuple[Network, ...]:
    networks = [text.strip() for text in environ.get(name, "").split(",")]
    try:
        return tuple(ipaddress.ip_network(text) for text in networks if text)
    except ValueError:
        raise SettingsError(
            name, "must hold addresses or networks (10.0.0.0/8), separated by commas"
        ) from None
