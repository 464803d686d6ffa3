"""Sessions of browsers that have signed in with a token."""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie

from producer.http.waiting.bulkhead import JournalBulkhead
from producer.journal.operations.sessions import begin_session, end_session, session_lives
from producer.security.api_tokens import ApiToken, find_token

COOKIE = "cards_session"
HOME = "/"
EVENTS = "/events"
FIND = "/find"
LOGIN = "/login"
LOGOUT = "/logout"
_PAGES = ("/migrations", "/commands", "/customers", "/failed")
LASTS_S = 12 * 3600
_PURPOSE = b"card-commands page session 2 "
_VALUE = re.compile(r"([0-9]{1,11})\.([A-Za-z0-9_-]{43})\.([0-9a-f]{64})")

Headers = Iterable[tuple[bytes, bytes]]


class Sessions:
    """Cookies with a random id, signed with a token's digest; not required if no token exists.

    A session ends when it expires, when its token is no longer configured, and on sign-out, for
    every web process: the journal must contain it. An entry in the journal alone makes no session,
    since it has no signature.
    """

    def __init__(
        self,
        tokens: Sequence[ApiToken],
        journal: JournalBulkhead,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._tokens = tokens
        self._journal = journal
        self._clock = clock

    @property
    def required(self) -> bool:
        """Whether users must sign in."""
        return bool(self._tokens)

    async def start(self, text: str) -> str | None:
        """A cookie's value for one of the tokens; None for any other text.

        Raises:
            JournalUnavailable: the session could not be stored.
        """
        token = find_token(self._tokens, text.strip().encode("utf-8", "replace"))
        if token is None:
            return None
        until, ident = str(int(self._clock()) + LASTS_S), secrets.token_urlsafe(32)
        await self._journal(begin_session(_digest(ident), token.name, keep_s=LASTS_S))
        return f"{until}.{ident}.{_signature(token, until, ident)}"

    async def caller(self, headers: Headers) -> ApiToken | None:
        """The token of a live session in these raw headers.

        Raises:
            JournalUnavailable: Redis cannot be reached.
        """
        for ident, token in self._valid(headers):
            if await self._journal(session_lives(_digest(ident))):
                return token
        return None

    async def end(self, headers: Headers) -> None:
        """End the sessions in these raw headers, for every web process.

        Raises:
            JournalUnavailable: Redis cannot be reached, and the sessions stay alive.
        """
        for ident, _ in self._valid(headers):
            await self._journal(end_session(_digest(ident)))

    def _valid(self, headers: Headers) -> Iterable[tuple[str, ApiToken]]:
        """Ids and tokens of cookies that we signed and that have not expired."""
        for value in _cookies(headers):
            parts = _VALUE.fullmatch(value)
            if parts is None or int(parts[1]) <= self._clock():
                continue
            until, ident, signature = parts.groups()
            # All are compared, so that the time taken reveals nothing about the tokens.
            matches = [
                token
                for token in self._tokens
                if hmac.compare_digest(signature, _signature(token, until, ident))
            ]
            if matches:
                yield ident, matches[0]


def is_page(path: str) -> bool:
    """Whether the path is a page's: only there are sessions accepted."""
    if path in (HOME, EVENTS, FIND, LOGIN, LOGOUT):
        return True
    return any(path == page or path.startswith(f"{page}/") for page in _PAGES)


def _digest(ident: str) -> str:
    return sha256(ident.encode()).hexdigest()


def _signature(token: ApiToken, until: str, ident: str) -> str:
    return hmac.new(token.digest, _PURPOSE + f"{until} {ident}".encode(), sha256).hexdigest()


def _cookies(headers: Headers) -> Iterable[str]:
    for name, value in headers:
        if name == b"cookie":
            try:
                jar = SimpleCookie(value.decode("latin-1"))
            except CookieError:
                continue
            if COOKIE in jar and jar[COOKIE].value.isascii():
                yield jar[COOKIE].value
