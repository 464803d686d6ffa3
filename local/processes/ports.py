"""TCP ports for what runs on this machine."""

from __future__ import annotations

import itertools
import os
import random
import socket

# Below the ranges from which Linux (32768 up) and macOS (49152 up) take outgoing ports: a client
# that keeps trying to reach a stopped server could otherwise be given the server's own port.
_FIRST, _LAST = 20_000, 32_000
_STRETCH = 60
_picks = itertools.count()


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server can listen on `host:port` now. Raises OSError if `host` is no address."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError:
            return False
    return True


def free_port() -> int:
    """A loopback port on which nothing listens.

    Each process picks from a stretch of its own, one after the other: the port of a server that is
    down for a moment is free, and must not go to another.
    """
    stretch = _FIRST + os.getpid() % ((_LAST - _FIRST) // _STRETCH) * _STRETCH
    for _ in range(_STRETCH):
        port = stretch + next(_picks) % _STRETCH
        if is_free(port):
            return port
    while not is_free(port := random.randint(_FIRST, _LAST)):
        pass
    return port
