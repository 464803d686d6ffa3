"""Free TCP ports on this machine."""

from __future__ import annotations

import itertools
import os
import random
import socket

# Below the ranges that Linux (32768 up) and macOS (49152 up) take outgoing ports from: a client
# that keeps connecting to a stopped server could otherwise be given the server's own port.
_FIRST, _LAST = 20_000, 32_000
_PER_PROCESS = 60
_picks = itertools.count()


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server can listen on `host:port`. Raises OSError if `host` is not an address."""
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
    """A loopback port on which no server listens.

    Each process picks ports in turn from its own range: the port of a server that is down for a
    moment is free, but must not be given to another.
    """
    first = _FIRST + os.getpid() % ((_LAST - _FIRST) // _PER_PROCESS) * _PER_PROCESS
    for _ in range(_PER_PROCESS):
        port = first + next(_picks) % _PER_PROCESS
        if is_free(port):
            return port
    while not is_free(port := random.randint(_FIRST, _LAST)):
        pass
    return port
