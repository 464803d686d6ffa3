"""Validates the `Host` header: exactly one host, and one of ours."""

from __future__ import annotations

import re
from collections.abc import Collection

from starlette.types import Scope as AsgiScope

from producer.settings import is_loopback

PROBES = frozenset({"/healthz", "/readyz"})
# A name or address, and a port (RFC 3986, section 3.2.2); it may be empty.
_HOST = re.compile(
    rb"(\[[0-9A-Fa-fvV:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]*)(?::[0-9]*)?",
)


def names_host(scope: AsgiScope) -> bool:
    """Whether there is one valid `Host`, as HTTP/1.1 requires (RFC 9112, section 3.2)."""
    hosts = _hosts(scope)
    if not hosts:
        return bool(scope["http_version"] != "1.1")
    return len(hosts) == 1 and _HOST.fullmatch(hosts[0]) is not None


class KnownHosts:
    """Refuses foreign host names, which a foreign page may have pointed here (DNS rebinding).

    With tokens, only if host names are configured, since a foreign page has no token. Probes use
    addresses and are then admitted.
    """

    def __init__(self, host: str, names: Collection[str], *, open_to_all: bool) -> None:
        """`host` is the address that web listens on; `open_to_all`: there are no tokens."""
        self._names = {host.lower(), *(name.lower() for name in names)}
        self._enforced = open_to_all or bool(names)
        self._exempt = frozenset() if open_to_all else PROBES

    def admit(self, scope: AsgiScope) -> bool:
        """Whether the request's valid `Host` is ours; HTTP/1.0 may omit it."""
        if not self._enforced or scope["path"] in self._exempt:
            return True
        for host in _hosts(scope):
            match = _HOST.fullmatch(host)
            name = match[1].decode("ascii").strip("[]").removesuffix(".").lower() if match else ""
            if name not in self._names and not is_loopback(name):
                return False
        return True


def _hosts(scope: AsgiScope) -> list[bytes]:
    return [value.strip() for name, value in scope["headers"] if name == b"host"]
