"""Sign-in and sign-out, with a throttle of failed sign-ins."""

from __future__ import annotations

import logging
import re
from html import escape
from math import ceil
from urllib.parse import parse_qsl

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from producer.http.access.gcra import CellRate
from producer.http.access.scopes import OPEN
from producer.http.access.throttle import Throttle, address_of
from producer.http.metrics.request_metrics import Metrics
from producer.http.pages.site.layout import notice, page, trouble
from producer.http.pages.site.sessions import COOKIE, HOME, LASTS_S, LOGIN, LOGOUT, Sessions
from producer.http.pages.texts.migrations import Page
from producer.http.pages.texts.say import Say
from producer.http.requests.body import read_body
from producer.journal import JournalUnavailable

log = logging.getLogger(__name__)

# Wrong tokens from one address, and from all addresses.
PER_ADDRESS = CellRate(10, 5.0)
OVERALL = CellRate(100, 0.5)
_NEXT = re.compile(
    r"/|/migrations(/mig_[0-9a-f]{24})?|/commands/[A-Za-z0-9][A-Za-z0-9_-]{0,254}"
    r"|/customers/cus_[A-Za-z0-9_]{1,250}"
)


def login_page(say: Say, next_path: str, *, wrong: bool = False, wait_s: int = 0) -> Response:
    """The sign-in form, which leads to `next_path`.

    `wait_s`: seconds to wait after too many wrong tokens.
    """
    remark = notice(say, Page.WRONG_TOKEN) if wrong else ""
    if wait_s:
        remark = notice(say, Page.TOO_MANY_TOKENS, span=say.span(wait_s))
    next_path = next_path if _NEXT.fullmatch(next_path) else HOME
    body = (
        f"<h1>{escape(say(Page.CARDS))}</h1>"
        f"{remark}"
        f'<section><form method="post" action="{LOGIN}">'
        f'<label for="token">{escape(say(Page.TOKEN))}</label>'
        '<input class="wide" id="token" name="token" type="password" required autofocus '
        'autocomplete="off" aria-describedby="hint">'
        f'<input type="hidden" name="next" value="{escape(next_path)}">'
        f'<p class="quiet small" id="hint">{escape(say(Page.TOKEN_HINT))}</p>'
        f"<button>{escape(say(Page.SIGN_IN))}</button></form></section>"
    )
    headers = {"Retry-After": str(wait_s)} if wait_s else {}
    http_status = 429 if wait_s else 401
    return page(say, say(Page.SIGN_IN), body, http_status=http_status, headers=headers)


def routes(say: Say, sessions: Sessions, throttle: Throttle, metrics: Metrics) -> APIRouter:
    """The routes of the sign-in form, which are open to callers without a session."""
    router = APIRouter(include_in_schema=False)

    @router.get(LOGIN, **OPEN)
    async def form(request: Request) -> Response:
        if not sessions.required:
            return RedirectResponse(HOME, 303)
        return login_page(say, HOME)

    @router.post(LOGIN, **OPEN)
    async def sign_in(request: Request) -> Response:
        fields = dict(parse_qsl((await read_body(request)).decode("utf-8", "replace")))
        next_path = fields.get("next", HOME)
        address = address_of(request.scope)
        if wait_s := ceil(throttle.wait_s(address)):
            return login_page(say, next_path, wait_s=wait_s)
        try:
            value = await sessions.start(fields.get("token", ""))
        except JournalUnavailable as error:
            log.warning("%s", error)
            return trouble(say, Page.UNAVAILABLE, Page.UNAVAILABLE_DO, 503, nav="")
        if value is None:
            throttle.failed(address)
            metrics.wrong_token("page")
            return login_page(say, next_path, wrong=True)
        answer = RedirectResponse(next_path if _NEXT.fullmatch(next_path) else HOME, 303)
        answer.set_cookie(
            COOKIE,
            value,
            max_age=LASTS_S,
            path=HOME,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer

    @router.post(LOGOUT, **OPEN)
    async def sign_out(request: Request) -> Response:
        try:
            await sessions.end(request.scope["headers"])
        except JournalUnavailable as error:
            log.warning("%s", error)
            return trouble(say, Page.STILL_IN, Page.STILL_IN_DO, 503, nav="")
        answer = RedirectResponse(HOME, 303)
        answer.delete_cookie(COOKIE, path=HOME, httponly=True, samesite="strict")
        return answer

    return router
