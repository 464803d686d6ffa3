"""Which paths each port serves: paths for operations can have a port of their own."""

from __future__ import annotations

from collections.abc import Collection

from starlette.types import Scope as AsgiScope

from producer.http.access.hosts import PROBES
from producer.settings import DOCS_PATHS, METRICS_PATHS

_OPERATIONS = DOCS_PATHS | METRICS_PATHS


class Listeners:
    """One or two listening sockets of one application, distinguished by port."""

    def __init__(self, operations_port: int | None, closed: Collection[str]) -> None:
        """Paths in `closed` are served at no port."""
        self._operations_port = operations_port
        self._closed = frozenset(closed)

    def has(self, scope: AsgiScope) -> bool:
        """Whether the path is served at the port that received the request."""
        path = scope["path"]
        if path in self._closed:
            return False
        if self._operations_port is None:
            return True
        server = scope.get("server")
        if server is not None and server[1] == self._operations_port:
            return path in _OPERATIONS or path in PROBES
        return path not in _OPERATIONS
