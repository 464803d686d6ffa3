"""`/`, `/commands/{id}` and `/customers/cus_…`: pages of the situation, commands, customers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from producer.http.access.scopes import has_scope, needs
from producer.http.overview.lookups import Lookups, explanation
from producer.http.pages.overview import command_view, customer_view, overview_view
from producer.http.pages.site.assets import Asset
from producer.http.pages.site.error_handling import in_pages
from producer.http.pages.site.error_pages import navigation
from producer.http.pages.site.layout import page, trouble
from producer.http.pages.site.sessions import EVENTS, FIND, HOME, Sessions
from producer.http.pages.texts.migrations import Say, Word
from producer.http.pages.texts.overview import Told
from producer.http.requests.card_number_guard import refuse_card_number, refuse_card_number_in_query
from producer.http.requests.scope_keys import HEAD, TASK
from producer.http.services import Services
from producer.journal import JournalFault, JournalUnavailable
from producer.security.api_tokens import Scope

CHECK_EVERY_S = 1.0
HEARTBEAT_S = 15.0
_RECONNECT_MS = 2000
_HEADERS = {"X-Accel-Buffering": "no"}
_READ = needs(Scope.READ)


def routes(services: Services, lookups: Lookups, sessions: Sessions, say: Say) -> APIRouter:
    """The pages' routes. Errors are answered with pages too."""
    router = APIRouter(include_in_schema=False)

    def no_such_command(request: Request) -> Response:
        nav = navigation(say, request.scope)
        return trouble(say, Told.NO_SUCH, Told.NO_SUCH_DO, 404, nav=nav)

    def stream(request: Request, view: Callable[[], Awaitable[dict[str, Any]]]) -> Response:
        if request.scope.get(HEAD):
            return Response(media_type="text/event-stream", headers=_HEADERS)

        async def signed_in() -> bool:
            if not sessions.required or "authorization" in request.headers:
                return True
            return await sessions.caller(request.scope["headers"]) is not None

        events = _events(services, view, signed_in)
        return StreamingResponse(events, media_type="text/event-stream", headers=_HEADERS)

    @router.get(HOME, **_READ)
    @in_pages(say, Word.NOT_FOUND, Word.NOT_FOUND_DO)
    async def overview(request: Request) -> Response:
        services.require_same_journal()
        found = await lookups.sampler.overview()
        nav = navigation(say, request.scope)
        shown = overview_view.body(say, found, can_replay=has_scope(request, Scope.OPERATE))
        return page(say, overview_view.title(say, found), shown, script=Asset.LIVE, nav=nav)

    @router.get(EVENTS, **_READ)
    async def overview_events(request: Request) -> Response:
        async def view() -> dict[str, Any]:
            services.require_same_journal()
            can_replay = has_scope(request, Scope.OPERATE)
            return overview_view.event(say, await lookups.sampler.overview(), can_replay=can_replay)

        return stream(request, view)

    @router.get(FIND, **_READ)
    @in_pages(say, Told.NO_SUCH, Told.NO_SUCH_DO)
    async def find(request: Request) -> Response:
        refuse_card_number_in_query(request.scope["query_string"])
        wanted = request.query_params.get("id", "").strip()
        refuse_card_number(wanted, "id")
        if not wanted:
            return RedirectResponse(HOME, 303)
        kind = "customers" if wanted.startswith("cus_") else "commands"
        return RedirectResponse(f"/{kind}/{quote(wanted, safe='')}", 303)

    @router.get("/commands/{taskId}", **_READ)
    @in_pages(say, Told.NO_SUCH, Told.NO_SUCH_DO)
    async def command(request: Request) -> Response:
        story = await lookups.story(services, request)
        if story is None:
            return no_such_command(request)
        request.scope[TASK] = story.told.id
        script = None if command_view.ended(story) else Asset.LIVE
        nav = navigation(say, request.scope)
        shown = command_view.body(say, story)
        return page(say, command_view.title(say, story), shown, script=script, nav=nav)

    @router.get("/commands/{taskId}/events", **_READ)
    async def command_events(request: Request) -> Response:
        if await lookups.story(services, request) is None:
            return no_such_command(request)

        async def view() -> dict[str, Any]:
            story = await lookups.story(services, request)
            return {"ended": True} if story is None else command_view.event(say, story)

        return stream(request, view)

    @router.get("/customers/{userId}", **_READ)
    @in_pages(say, Told.NO_CUSTOMER, Told.NO_CUSTOMER_DO)
    async def customer(request: Request) -> Response:
        found = await explanation(services, request)
        nav = navigation(say, request.scope)
        return page(say, customer_view.title(say, found), customer_view.body(say, found), nav=nav)

    return router


async def _events(
    services: Services,
    view: Callable[[], Awaitable[dict[str, Any]]],
    may_go_on: Callable[[], Awaitable[bool]],
) -> AsyncIterator[bytes]:
    """Events `status`: the current view, then each that differs, until one has ended."""
    released = services.waiters.released
    clock = asyncio.get_running_loop().time
    last: dict[str, Any] | None = None
    sent_at = clock()
    while not released.is_set():
        try:
            now = await view()
            if now != last and not await may_go_on():
                return
        except (JournalUnavailable, JournalFault):
            yield b": redis does not answer\n\n"
        else:
            if now != last and "parts" in now:
                data = json.dumps(now, ensure_ascii=False, separators=(",", ":"))
                event = f"event: status\nretry: {_RECONNECT_MS}\ndata: {data}\n\n"
                yield event.encode("utf-8", "replace")
                sent_at = clock()
            elif clock() - sent_at > HEARTBEAT_S:
                yield b": alive\n\n"
                sent_at = clock()
            last = now
            if now["ended"]:
                return
        with suppress(TimeoutError):
            await asyncio.wait_for(released.wait(), CHECK_EVERY_S)
