"""Signing in and out of the page."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import parse_qsl

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from producer.http.body import read_body
from producer.http.page.layout import notice, page
from producer.http.page.sessions import COOKIE, LASTS_S, LOGIN, PATH, Sessions
from producer.http.page.words import Say, Word

_NEXT = re.compile(r"/migrations(/mig_[0-9a-f]{24})?")


def login_page(say: Say, wanted: str, *, wrong: bool = False) -> Response:
    """The form, where the page would be; afterwards it goes on to the wanted path."""
    wanted = wanted if _NEXT.fullmatch(wanted) else PATH
    body = (
        f"<h1>{escape(say(Word.MIGRATIONS))}</h1>"
        f"{notice(say, Word.WRONG_TOKEN) if wrong else ''}"
        f'<section><form method="post" action="{LOGIN}">'
        f'<label for="token">{escape(say(Word.TOKEN))}</label>'
        '<input class="wide" id="token" name="token" type="password" required autofocus '
        'autocomplete="off" aria-describedby="hint">'
        f'<input type="hidden" name="next" value="{escape(wanted)}">'
        f'<p class="quiet small" id="hint">{escape(say(Word.TOKEN_HINT))}</p>'
        f"<button>{escape(say(Word.SIGN_IN))}</button></form></section>"
    )
    return page(say, say(Word.SIGN_IN), body, http_status=401)


def routes(say: Say, sessions: Sessions) -> APIRouter:
    """The routes of the form."""
    router = APIRouter(include_in_schema=False)

    @router.get(LOGIN)
    async def form(request: Request) -> Response:
        if not sessions.needed:
            return RedirectResponse(PATH, 303)
        return login_page(say, PATH)

    @router.post(LOGIN)
    async def sign_in(request: Request) -> Response:
        fields = dict(parse_qsl((await read_body(request)).decode("utf-8", "replace")))
        wanted = fields.get("next", PATH)
        value = sessions.begin(fields.get("token", ""))
        if value is None:
            return login_page(say, wanted, wrong=True)
        answer = RedirectResponse(wanted if _NEXT.fullmatch(wanted) else PATH, 303)
        answer.set_cookie(
            COOKIE,
            value,
            max_age=LASTS_S,
            path=PATH,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer

    @router.post("/migrations/logout")
    async def sign_out(request: Request) -> Response:
        answer = RedirectResponse(PATH, 303)
        answer.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="strict")
        return answer

    return router
