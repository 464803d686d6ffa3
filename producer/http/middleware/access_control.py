"""Decides which requests the web process admits, and answers the others."""

from __future__ import annotations

import logging
from math import ceil

from starlette.responses import Response
from starlette.types import Scope as AsgiScope

from producer.contract.messages import Text
from producer.http.access.bearer_tokens import BearerTokens
from producer.http.access.hosts import PROBES, KnownHosts, names_host
from producer.http.access.listeners import Listeners
from producer.http.access.request_rate import RequestRate
from producer.http.access.scopes import CALLER, SENDER
from producer.http.access.throttle import Throttled, address_of
from producer.http.metrics.request_metrics import Metrics
from producer.http.pages.site import error_pages as refused
from producer.http.pages.site.assets import is_asset
from producer.http.pages.site.login import login_page
from producer.http.pages.site.sessions import LOGIN, LOGOUT, Sessions, is_page
from producer.http.pages.texts.say import Say
from producer.http.responses import Responses
from producer.journal import JournalUnavailable
from producer.security.api_tokens import ApiToken
from producer.settings import STRIPE_EVENTS

log = logging.getLogger(__name__)

RATE = "cards.rate_headers"
"""In the scope: rate limit headers for the answer to a rate-limited caller."""

# Their answers are no secret: probes carry no token, a user who signs in has none yet, and Stripe
# signs what it sends.
_OPEN = PROBES | {LOGIN, LOGOUT, STRIPE_EVENTS}


class AccessControl:
    """Checks every request before routing; each route checks its scope afterwards."""

    def __init__(
        self,
        hosts: KnownHosts,
        listeners: Listeners,
        bearer_tokens: BearerTokens,
        sessions: Sessions,
        rate: RequestRate,
        page_rate: RequestRate,
        responses: Responses,
        metrics: Metrics,
        say: Say,
    ) -> None:
        self._hosts = hosts
        self._listeners = listeners
        self._bearer_tokens = bearer_tokens
        self._sessions = sessions
        self._rate = rate
        self._page_rate = page_rate
        self._responses = responses
        self._metrics = metrics
        self._say = say

    async def refused(self, scope: AsgiScope) -> Response | None:
        """The answer to a refused request, else None. Puts the caller into the scope."""
        if not names_host(scope):
            return self._responses.no(400, "host_invalid", Text.BAD_HOST)
        path = scope["path"]
        if not self._hosts.admit(scope):
            if is_page(path):
                return refused.unknown_host(self._say)
            return self._responses.no(421, "host_unknown", Text.UNKNOWN_HOST)
        if self._bearer_tokens.required and path not in _OPEN and not is_asset(path):
            try:
                caller = await self._caller(scope)
            except Throttled as throttled:
                return self._too_many(scope, ceil(throttled.wait_s), Text.TOO_MANY_WRONG_TOKENS)
            except JournalUnavailable as error:
                log.warning("%s", error)
                return refused.unavailable(self._say, scope)
            if caller is None:
                return self._unauthorized(scope)
            scope[CALLER], scope[SENDER] = caller, caller.name
            if (wait_s := self._wait_s(scope, caller)) > 0:
                return self._too_many(scope, wait_s, Text.TOO_MANY_REQUESTS)
        if not self._listeners.has(scope):
            return self._responses.no(404, "not_found", Text.NOT_FOUND)
        return None

    async def _caller(self, scope: AsgiScope) -> ApiToken | None:
        token = self._bearer_tokens.caller(scope["headers"], address_of(scope))
        if token is None and is_page(scope["path"]):
            return await self._sessions.caller(scope["headers"])
        return token

    def _unauthorized(self, scope: AsgiScope) -> Response:
        if scope["method"] == "GET" and is_page(scope["path"]):
            return login_page(self._say, scope["path"])
        headers = {"WWW-Authenticate": "Bearer"}
        return self._responses.no(401, "unauthorized", Text.UNAUTHORIZED, headers=headers)

    def _wait_s(self, scope: AsgiScope, caller: ApiToken) -> int:
        rate = self._page_rate if is_page(scope["path"]) else self._rate
        decision = rate.check(caller.name)
        if decision is None:
            return 0
        scope[RATE] = decision.headers
        if decision.wait_s:
            self._metrics.rate_limited(caller.name)
        return decision.wait_s

    def _too_many(self, scope: AsgiScope, wait_s: int, text: Text) -> Response:
        if CALLER in scope and is_page(scope["path"]):
            return refused.too_many(self._say, scope, wait_s)
        headers = {"Retry-After": str(wait_s)}
        return self._responses.no(429, "rate_limited", text, headers=headers, seconds=str(wait_s))
