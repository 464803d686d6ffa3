"""The HTML document around each page's content, and its headers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from starlette.responses import Response

from producer.contract.bilingual import Bilingual
from producer.http.pages.site.assets import Asset, url
from producer.http.pages.texts.migrations import Page
from producer.http.pages.texts.say import Say

RELOAD_S = 10
# `'self'` means the files of `assets.py`: no other answer has the type of a script or a style.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def page(
    say: Say,
    title: str,
    body: str,
    *,
    script: Asset | None = None,
    scripts: Sequence[Asset] = (),
    reload: bool = True,
    http_status: int = 200,
    nav: str = "",
    headers: dict[str, str] | None = None,
) -> Response:
    """A page. `body` and `nav` are HTML; `title` is text.

    `script` keeps the page up to date; in browsers without scripts the page reloads periodically if
    `reload`. `scripts` are further scripts.

    Only our own files may run or load, even if a value on the page holds markup.
    """
    refresh = offline = ""
    live = "".join(f'<script src="{url(asset)}"></script>' for asset in (script, *scripts) if asset)
    if script and reload:
        refresh = f'<noscript><meta http-equiv="refresh" content="{RELOAD_S}"></noscript>'
    if script:
        warning = escape(say(Page.OFFLINE))
        offline = f'<p class="notice" id="offline" role="alert" hidden>{warning}</p>'
    content = (
        f'<!doctype html>\n<html lang="{say.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,">{refresh}'
        f'<link rel="stylesheet" href="{url(Asset.STYLE)}"></head>\n<body>'
        f'<a class="skip" href="#main">{escape(say(Page.SKIP))}</a>\n<nav>{nav}</nav>\n'
        f'{offline}<main id="main">{body}</main>\n{live}</body></html>\n'
    )
    return Response(
        content.encode("utf-8", "replace"),
        http_status,
        {"Content-Security-Policy": _POLICY, **(headers or {})},
        "text/html; charset=utf-8",
    )


def notice(say: Say, word: Bilingual, **values: str) -> str:
    """A notice at the top of a page."""
    return f'<p class="notice" role="alert">{escape(say(word, **values))}</p>'


def trouble(say: Say, what: Bilingual, todo: Bilingual, http_status: int, *, nav: str) -> Response:
    """A page that says what is wrong and what to do about it."""
    body = f'<section><p class="now">{escape(say(what))}</p>'
    body += f'<p class="do">{escape(say(todo))}</p></section>'
    return page(say, say(what), body, http_status=http_status, nav=nav)


def explained(say: Say, what: Bilingual, todo: str, http_status: int, *, nav: str) -> Response:
    """A page that says what is wrong and what to do; `todo` is text."""
    body = f'<section class="attention"><p class="now">{escape(say(what))}</p>'
    body += f'<p class="do">{escape(todo)}</p></section>'
    return page(say, say(what), body, http_status=http_status, nav=nav)
