"""The document around what is shown, and the headers that go with it."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape

from starlette.responses import Response

from producer.http.page.style import STYLE
from producer.http.page.words import Say, Word

RENEW_S = 10


def page(
    say: Say,
    title: str,
    body: str,
    *,
    script: str = "",
    http_status: int = 200,
    nav: str = "",
    headers: dict[str, str] | None = None,
) -> Response:
    """A page. `body` and `nav` are HTML; `title` is text.

    Nothing but the style and script here may run or load, whatever a file's name holds.
    """
    live = f"<script>{script}</script>" if script else ""
    renew = (
        f'<noscript><meta http-equiv="refresh" content="{RENEW_S}"></noscript>' if script else ""
    )
    offline = (
        f'<p class="notice" id="offline" role="alert" hidden>{escape(say(Word.OFFLINE))}</p>'
        if script
        else ""
    )
    content = (
        f'<!doctype html>\n<html lang="{say.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,">{renew}'
        f"<style>{STYLE}</style></head>\n<body>"
        f'<a class="skip" href="#main">{escape(say(Word.SKIP))}</a>\n<nav>{nav}</nav>\n'
        f'{offline}<main id="main">{body}</main>\n{live}</body></html>\n'
    )
    policy = (
        f"default-src 'none'; style-src {_digest(STYLE)}; img-src data:; base-uri 'none'; "
        f"form-action 'self'; frame-ancestors 'none'; "
        + (f"script-src {_digest(script)}; connect-src 'self'" if script else "script-src 'none'")
    )
    return Response(
        content.encode("utf-8", "replace"),
        http_status,
        {
            "Content-Security-Policy": policy,
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            **(headers or {}),
        },
        "text/html; charset=utf-8",
    )


def notice(say: Say, word: Word, **values: str) -> str:
    """A remark at the top of a page."""
    return f'<p class="notice" role="alert">{escape(say(word, **values))}</p>'


def trouble(say: Say, what: Word, todo: Word, http_status: int, *, nav: str) -> Response:
    """A page that says what is wrong and what to do."""
    body = f'<section><p class="now">{escape(say(what))}</p>'
    body += f'<p class="do">{escape(say(todo))}</p></section>'
    return page(say, say(what), body, http_status=http_status, nav=nav)


def explained(say: Say, what: Word, todo: str, http_status: int, *, nav: str) -> Response:
    """The same, where what to do was put into words before."""
    body = f'<section class="attention"><p class="now">{escape(say(what))}</p>'
    body += f'<p class="do">{escape(todo)}</p></section>'
    return page(say, say(what), body, http_status=http_status, nav=nav)


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
