"""What `Host` may say: one host, and ours."""

from __future__ import annotations

import re
from collections.abc import Collection

from starlette.types import Scope as AsgiScope

from producer.settings import is_loopback

PROBES = frozenset({"/healthz", "/readyz"})
# What a name, an address and a port consist of (RFC 3986, section 3.2.2); it may be empty.
_HOST = re.compile(
    rb"(\[[0-9A-Fa-fvV:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]*)(?::[0-9]*)?",
)


def names_host(scope: AsgiScope) -> bool:
    """Whether `Host` is there once, and is one, as HTTP/1.1 asks (RFC 9112, section 3.2)."""
    hosts = _given(scope)
    if not hosts:
        return bool(scope["http_version"] != "1.1")
    return len(hosts) == 1 and _HOST.fullmatch(hosts[0]) is not None


class KnownHosts:
    """Refuses names that are not ours, which some page may have made to lead here (DNS rebinding).

    With tokens only where names are configured: a page of somebody else's has no token. Probes use
    addresses, and are let in then.
    """

    def __init__(self, host: str, names: Collection[str], *, open_to_all: bool) -> None:
        """`host` is listened on; `open_to_all`: there are no tokens."""
        self._names = {host.lower(), *(name.lower() for name in names)}
        self._wanted = open_to_all or bool(names)
        self._but = frozenset() if open_to_all else PROBES

    def admit(self, scope: AsgiScope) -> bool:
        """Whether the request's `Host`, a valid one, is ours; HTTP/1.0 need not name any."""
        if not self._wanted or scope["path"] in self._but:
            return True
        for given in _given(scope):
            found = _HOST.fullmatch(given)
            name = found[1].decode("ascii").strip("[]").removesuffix(".").lower() if found else ""
            if name not in self._names and not is_loopback(name):
                return False
        return True


def _given(scope: AsgiScope) -> list[bytes]:
    return [value.strip() for name, value in scope["headers"] if name == b"host"]
