"""Error pages, and the navigation on top of each page."""

from __future__ import annotations

from html import escape

from starlette.responses import Response
from starlette.types import Scope as AsgiScope

from producer.http.access.scopes import CALLER
from producer.http.pages.site.layout import explained, trouble
from producer.http.pages.site.sessions import HOME, LOGOUT
from producer.http.pages.texts.migrations import Page
from producer.http.pages.texts.say import Say
from producer.security.api_tokens import ApiToken


def navigation(say: Say, scope: AsgiScope) -> str:
    """Links to the overview and to migrations; the user who is signed in, and the sign-out."""
    caller: ApiToken | None = scope.get(CALLER)
    links = (
        f'<span class="ways"><a href="{HOME}">{escape(say(Page.NOW))}</a> '
        f'<a href="/migrations">{escape(say(Page.MIGRATIONS))}</a></span>'
    )
    if caller is None:
        return links
    who = escape(say(Page.SIGNED_IN, name=caller.name))
    return (
        f'{links}<form method="post" action="{LOGOUT}" class="inline">'
        f'<span class="quiet small" id="who">{who}</span>'
        f'<button class="second">{escape(say(Page.SIGN_OUT))}</button></form>'
    )


def other_origin(say: Say, scope: AsgiScope) -> Response:
    """The request was sent for a foreign page."""
    return trouble(say, Page.FORBIDDEN, Page.FORBIDDEN_DO, 403, nav=navigation(say, scope))


def unknown_host(say: Say) -> Response:
    """The host name that the browser used is not ours."""
    return trouble(say, Page.UNKNOWN_HOST, Page.UNKNOWN_HOST_DO, 421, nav="")


def scope_missing(say: Say, scope: AsgiScope, needed: list[str]) -> Response:
    """The user's token lacks the scope."""
    todo = say(Page.NOT_ALLOWED_DO, scopes=" / ".join(needed))
    return explained(say, Page.NOT_ALLOWED, todo, 403, nav=navigation(say, scope))


def too_many(say: Say, scope: AsgiScope, wait_s: int) -> Response:
    """The token exceeded its requests a second."""
    todo = say(Page.TOO_MANY_DO, span=say.span(wait_s))
    page = explained(say, Page.TOO_MANY, todo, 429, nav=navigation(say, scope))
    page.headers["Retry-After"] = str(wait_s)
    return page


def unavailable(say: Say, scope: AsgiScope) -> Response:
    """Redis cannot be reached."""
    return trouble(say, Page.UNAVAILABLE, Page.UNAVAILABLE_DO, 503, nav=navigation(say, scope))
