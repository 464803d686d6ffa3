"""`/`, `/commands/{id}` and `/customers/cus_…`: pages of the situation, commands, customers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from producer.http import event_stream
from producer.http.access.scopes import has_scope, needs
from producer.http.event_stream import Update
from producer.http.overview.lookups import Lookups, explanation
from producer.http.pages.overview import command_view, customer_view, overview_view
from producer.http.pages.site.assets import Asset
from producer.http.pages.site.error_handling import in_pages
from producer.http.pages.site.error_pages import navigation
from producer.http.pages.site.layout import page, trouble
from producer.http.pages.site.sessions import EVENTS, FIND, HOME, Sessions
from producer.http.pages.texts.migrations import Page
from producer.http.pages.texts.overview import Live
from producer.http.pages.texts.say import Say
from producer.http.requests.card_number_guard import refuse_card_number, refuse_card_number_in_query
from producer.http.requests.scope_keys import TASK
from producer.http.services import Services
from producer.security.api_tokens import Scope

_READ = needs(Scope.READ)


def routes(services: Services, lookups: Lookups, sessions: Sessions, say: Say) -> APIRouter:
    """The pages' routes. Errors are answered with pages too."""
    router = APIRouter(include_in_schema=False)

    def no_such_command(request: Request) -> Response:
        nav = navigation(say, request.scope)
        return trouble(say, Live.NO_SUCH, Live.NO_SUCH_DO, 404, nav=nav)

    def stream(request: Request, read: Callable[[], Awaitable[Update | None]]) -> Response:
        async def signed_in() -> bool:
            if not sessions.required or "authorization" in request.headers:
                return True
            return await sessions.caller(request.scope["headers"]) is not None

        events = event_stream.status_events(services.waiters.released, read, signed_in)
        return event_stream.response(request, events)

    @router.get(HOME, **_READ)
    @in_pages(say, Page.NOT_FOUND, Page.NOT_FOUND_DO)
    async def overview(request: Request) -> Response:
        services.require_same_journal()
        found = await lookups.sampler.overview()
        nav = navigation(say, request.scope)
        shown = overview_view.body(say, found, can_replay=has_scope(request, Scope.OPERATE))
        return page(say, overview_view.title(say, found), shown, script=Asset.LIVE, nav=nav)

    @router.get(EVENTS, **_READ)
    async def overview_events(request: Request) -> Response:
        async def read() -> Update:
            services.require_same_journal()
            can_replay = has_scope(request, Scope.OPERATE)
            view = overview_view.event(say, await lookups.sampler.overview(), can_replay=can_replay)
            return Update(view, view["ended"])

        return stream(request, read)

    @router.get(FIND, **_READ)
    @in_pages(say, Live.NO_SUCH, Live.NO_SUCH_DO)
    async def find(request: Request) -> Response:
        refuse_card_number_in_query(request.scope["query_string"])
        wanted = request.query_params.get("id", "").strip()
        refuse_card_number(wanted, "id")
        if not wanted:
            return RedirectResponse(HOME, 303)
        kind = "customers" if wanted.startswith("cus_") else "commands"
        return RedirectResponse(f"/{kind}/{quote(wanted, safe='')}", 303)

    @router.get("/commands/{taskId}", **_READ)
    @in_pages(say, Live.NO_SUCH, Live.NO_SUCH_DO)
    async def command(request: Request) -> Response:
        story = await lookups.story(services, request)
        if story is None:
            return no_such_command(request)
        request.scope[TASK] = story.summary.id
        script = None if command_view.ended(story) else Asset.LIVE
        nav = navigation(say, request.scope)
        shown = command_view.body(say, story)
        return page(say, command_view.title(say, story), shown, script=script, nav=nav)

    @router.get("/commands/{taskId}/events", **_READ)
    async def command_events(request: Request) -> Response:
        if await lookups.story(services, request) is None:
            return no_such_command(request)

        async def read() -> Update | None:
            story = await lookups.story(services, request)
            if story is None:
                return None
            view = command_view.event(say, story)
            return Update(view, view["ended"])

        return stream(request, read)

    @router.get("/customers/{userId}", **_READ)
    @in_pages(say, Live.NO_CUSTOMER, Live.NO_CUSTOMER_DO)
    async def customer(request: Request) -> Response:
        found = await explanation(services, request)
        nav = navigation(say, request.scope)
        return page(say, customer_view.title(say, found), customer_view.body(say, found), nav=nav)

    return router
