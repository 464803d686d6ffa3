"""Fits the limit of connections to the process's file descriptors."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from dataclasses import replace

from producer.http.server.client_limits import ClientLimits

log = logging.getLogger(__name__)

_OTHERS = 512
"""For Redis, child processes, files, and connections that are being rejected."""


def within_descriptors(limits: ClientLimits) -> ClientLimits:
    """Raise the descriptor limit if need be; lower the limit of connections if that fails."""
    if sys.platform == "win32":
        return limits
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections + _OTHERS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        more = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(OSError, ValueError):  # the system may have a lower limit of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (more, hard))
            soft = more
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return limits
    most = max(soft - _OTHERS, soft // 2)
    log.warning(
        "CARDS_HTTP_CONNECTIONS is %d, but with %d file descriptors (ulimit -n) it can be only %d",
        limits.connections,
        soft,
        most,
    )
    return replace(limits, connections=most)
