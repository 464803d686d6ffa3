"""Which proxy leads to a URL, by the usual environment variables.

They are `https_proxy`, `http_proxy` for a stand-in's http URL, `all_proxy` and `no_proxy`, each in
capitals as well; if both are set the lower-case one counts, as for curl. Loopback is never proxied.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

from producer.settings import SettingsError

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and the variable that names it. `url` is without user and password."""

    url: str
    setting: str
    user: str | None = field(default=None, repr=False)
    password: str = field(default="", repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that authenticate at the proxy."""
        if self.user is None:
            return {}
        credentials = b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Proxy-Authorization": f"Basic {credentials}"}


def proxy_of(environ: Mapping[str, str], url: str) -> Proxy | None:
    """The proxy for the URL; None if it is reached without one.

    Raises:
        SettingsError: the variable that counts is not an http or https URL.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    if _is_loopback(host) or _is_excluded(host, port, _lookup(environ, "no_proxy")[1]):
        return None
    for name in (f"{parts.scheme}_proxy", "all_proxy"):
        setting, value = _lookup(environ, name)
        if value:
            return _proxy(setting, value)
        if setting in environ:  # set and empty: none for this scheme
            return None
    return None


def _lookup(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    """The variable's name, in lower case or capitals, and its value, stripped."""
    lower, upper = name, name.upper()
    # A CGI program's caller sets HTTP_PROXY by a header `Proxy`.
    forged = upper == "HTTP_PROXY" and "REQUEST_METHOD" in environ
    setting = lower if lower in environ or forged else upper
    return setting, environ.get(setting, "").strip()


def _proxy(setting: str, value: str) -> Proxy:
    # No message quotes the value: it may hold a password.
    rule = "must be a URL such as http://proxy.example:3128"
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise SettingsError(setting, rule) from None
    if parts.scheme not in _PORTS:
        raise SettingsError(setting, f"{rule}: other schemes, such as socks5, are not supported")
    if not host or re.search(r"[^\w.:%-]", host) or parts.path not in ("", "/") or parts.query:
        raise SettingsError(setting, rule)
    user, password = parts.username, parts.password
    # In the header, a colon within the user's name would start the password.
    if user is not None and ":" in unquote(user):
        raise SettingsError(setting, "holds a user's name with a colon, which no proxy can read")
    shown = f"[{host}]" if ":" in host else host
    return Proxy(
        f"{parts.scheme}://{shown}:{port or _PORTS[parts.scheme]}",
        setting,
        None if user is None else unquote(user),
        unquote(password or ""),
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_excluded(host: str, port: int, no_proxy: str) -> bool:
    """Whether the list names it: by `*`, a domain or parent domain, an address or a network."""
    for entry in re.split(r"[\s,]+", no_proxy.lower()):
        if entry == "*":
            return True
        if entry and _matches(host.lower().rstrip("."), port, entry):
            return True
    return False


def _matches(host: str, port: int, entry: str) -> bool:
    try:
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass  # one of them is a name, or the entry has a port
    name, colon, entry_port = entry.rpartition(":")
    if not colon or "]" in entry_port:
        name = entry
    elif entry_port != str(port):
        return False
    name = name.strip("[]").removeprefix("*").strip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))
