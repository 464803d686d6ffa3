"""Answers errors of the pages' handlers with pages."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from producer.contract.bilingual import Bilingual
from producer.contract.refusals import Refusal
from producer.http.pages.site.error_pages import navigation, unavailable
from producer.http.pages.site.layout import trouble
from producer.http.pages.texts.migrations import Page
from producer.http.pages.texts.say import Say
from producer.journal import JournalUnavailable

log = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]


def in_pages(
    say: Say, what: Bilingual, todo: Bilingual, http_status: int = 404
) -> Callable[[Handler], Handler]:
    """A decorator that answers errors with pages; a refused request's shows `what` and `todo`."""

    def wrapped(handler: Handler) -> Handler:
        @wraps(handler)
        async def handled(request: Request) -> Response:
            nav = navigation(say, request.scope)
            try:
                return await handler(request)
            except Refusal:
                return trouble(say, what, todo, http_status, nav=nav)
            except JournalUnavailable as error:
                if error.other_data:
                    return trouble(say, Page.OTHER_DATA, Page.OTHER_DATA_DO, 503, nav=nav)
                log.warning("%s", error)
                return unavailable(say, request.scope)

        return handled

    return wrapped
