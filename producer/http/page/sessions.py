"""Who may see the page: a browser that was given one of the tokens, once, by a form."""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterable, Sequence
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie

from producer.http.page.assets import is_asset

COOKIE = "cards_session"
PATH = "/migrations"
LOGIN = "/migrations/login"
LASTS_S = 12 * 3600
_PURPOSE = b"card-commands page session 1 "


class Sessions:
    """Cookies that are derived from a token and tell nothing of it; without tokens none is asked.

    Nothing is stored: a session ends with its time, or when its token is no longer configured.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self._keys = [sha256(token.encode()).digest() for token in tokens]

    @property
    def needed(self) -> bool:
        """Whether one has to sign in at all."""
        return bool(self._keys)

    def begin(self, token: str) -> str | None:
        """A cookie's value for one of the tokens; None for any other text."""
        given = sha256(token.strip().encode("utf-8", "replace")).digest()
        # All are compared, each in constant time, so that the time taken tells nothing.
        matches = [key for key in self._keys if hmac.compare_digest(key, given)]
        if not matches:
            return None
        until = str(int(time.time()) + LASTS_S)
        return f"{until}.{_signature(matches[0], until)}"

    def admit(self, path: str, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether a request with these raw headers may see the page's path."""
        if not is_page(path):
            return False
        if path == LOGIN or is_asset(path) or not self._keys:
            return True
        return any(self._valid(value) for value in _cookies(headers))

    def _valid(self, value: str) -> bool:
        until, _, signature = value.partition(".")
        if not (until.isascii() and until.isdigit() and len(until) < 12):
            return False
        known = [hmac.compare_digest(signature, _signature(key, until)) for key in self._keys]
        return any(known) and int(until) > time.time()


def is_page(path: str) -> bool:
    """Whether it is a path of the page."""
    return path == PATH or path.startswith(f"{PATH}/")


def _signature(key: bytes, until: str) -> str:
    return hmac.new(key, _PURPOSE + until.encode(), sha256).hexdigest()


def _cookies(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[str]:
    for name, value in headers:
        if name == b"cookie":
            try:
                jar = SimpleCookie(value.decode("latin-1"))
            except CookieError:
                continue
            if COOKIE in jar and jar[COOKIE].value.isascii():
                yield jar[COOKIE].value
