"""Who may use Flower, and for what: Flower's own settings, and one of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from producer.settings import SettingsError, is_loopback

CONTROL = "CARDS_FLOWER_CONTROL"
_OPEN_API = "FLOWER_UNAUTHENTICATED_API"
_CREDENTIALS = re.compile(r"[^:]+:.+")
# As Flower reads them.
_TRUE = frozenset({"y", "yes", "t", "true", "on", "1"})


class FlowerOptions(Protocol):
    """Flower's options, however they were given, that decide who may sign in."""

    address: str
    unix_socket: str
    basic_auth: list[str] | None
    auth: str
    auth_provider: str | None


def control_wanted(environ: Mapping[str, str]) -> bool:
    """Whether Flower may control workers and send tasks (CARDS_FLOWER_CONTROL).

    Off by default: everybody who may look could otherwise shut workers down. Raises SettingsError.
    """
    match environ.get(CONTROL, "").strip().lower():
        case "" | "off":
            return False
        case "on":
            return True
        case other:
            raise SettingsError(CONTROL, f"must be on or off, not {other[:40]!r}")


def authenticates(options: FlowerOptions) -> bool:
    """Whether Flower authenticates its users."""
    return bool(options.basic_auth or options.auth)


def check_access(options: FlowerOptions, environ: Mapping[str, str]) -> None:
    """Raise SettingsError if Flower would listen to the network without authentication."""
    for credentials in options.basic_auth or ():
        if _CREDENTIALS.fullmatch(credentials) is None:
            raise SettingsError("FLOWER_BASIC_AUTH", "must be user:password, or several by commas")
    if options.auth and not options.auth_provider:
        raise SettingsError("FLOWER_AUTH_PROVIDER", "is missing: FLOWER_AUTH needs it")
    if options.unix_socket or is_loopback(options.address):
        return
    where = f"{options.address!r} is not loopback" if options.address else "is not set"
    if not authenticates(options):
        raise SettingsError(
            "FLOWER_ADDRESS",
            f"(--address) {where}: set FLOWER_BASIC_AUTH=user:password to listen to the network, "
            "or --address=127.0.0.1",
        )
    if environ.get(_OPEN_API, "").strip().lower() in _TRUE:
        raise SettingsError(
            _OPEN_API, f"is set, and FLOWER_ADDRESS (--address) {where}: leave it out"
        )
