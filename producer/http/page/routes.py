"""`/migrations` and `/migrations/{id}`: to look at, and to steer with forms."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from html import escape
from urllib.parse import parse_qsl

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from producer.contract.refusals import ParameterInvalid
from producer.http.body import read_body
from producer.http.migrations.api import migration_id
from producer.http.migrations.desk import Desk
from producer.http.migrations.events import stream
from producer.http.migrations.parameters import rps_of
from producer.http.migrations.reports import FORMS, report
from producer.http.migrations.steering import FileElsewhere, steer, throttle
from producer.http.page import list_view, migration_view
from producer.http.page.layout import explained, notice, page, trouble
from producer.http.page.script import LIST, LIVE
from producer.http.page.sessions import PATH, Sessions
from producer.http.page.words import Say, Word
from producer.http.services import Services
from producer.journal import JournalUnavailable
from producer.migrations.registry import NotInState, UnknownMigration

log = logging.getLogger(__name__)

PILOT_ROWS = 100
Handler = Callable[[Request], Awaitable[Response]]


def forbidden_page(say: Say) -> Response:
    """What a browser sees that was refused for where it came from."""
    return trouble(say, Word.FORBIDDEN, Word.FORBIDDEN_DO, 403, nav=_all_migrations(say))


def routes(services: Services, desk: Desk, sessions: Sessions, say: Say) -> APIRouter:
    """The page's routes. Every answer to a person is a page, errors included."""
    router = APIRouter(include_in_schema=False)
    nav = _all_migrations(say)
    if sessions.needed:
        nav += (
            '<form method="post" action="/migrations/logout">'
            f'<button class="second">{escape(say(Word.SIGN_OUT))}</button></form>'
        )

    async def not_there(migration: str) -> Response:
        loss = await desk.lost(migration)
        if loss is None:
            return trouble(say, Word.NOT_FOUND, Word.NOT_FOUND_DO, 404, nav=nav)
        told = loss.message(say.language)
        return explained(say, Word.JOURNAL_LOST, told, 409, nav=nav)

    def in_pages(handler: Handler) -> Handler:
        @wraps(handler)
        async def handled(request: Request) -> Response:
            try:
                try:
                    return await handler(request)
                except UnknownMigration as unknown:
                    return await not_there(unknown.migration)
            except JournalUnavailable as error:
                if error.other_data:
                    return trouble(say, Word.OTHER_DATA, Word.OTHER_DATA_DO, 503, nav=nav)
                log.warning("%s", error)
                return trouble(say, Word.UNAVAILABLE, Word.UNAVAILABLE_DO, 503, nav=nav)

        return handled

    async def show(migration: str, word: Word | None = None, http_status: int = 200) -> Response:
        status = await desk.looks.status(migration, fresh=True)
        remark = notice(say, word) if word else ""
        coming = desk.drivers.coming(migration)
        body = migration_view.body(say, status, remark, coming=coming)
        script = "" if status.state.ended else LIVE
        title = migration_view.title(say, status)
        return page(say, title, body, script=script, http_status=http_status, nav=nav)

    @router.get(PATH)
    @in_pages
    async def list_migrations(request: Request) -> Response:
        found = await desk.looks.list()
        lost = await desk.all_lost({one.id for one in found})
        body = list_view.body(say, found, desk.drivers.coming, lost)
        return page(say, say(Word.MIGRATIONS), body, script=LIST, nav=nav)

    @router.get("/migrations/{migrationId}")
    @in_pages
    async def look(request: Request) -> Response:
        return await show(migration_id(request))

    @router.get("/migrations/{migrationId}/events")
    async def events(request: Request) -> Response:
        status = await desk.looks.status(migration_id(request))
        return stream(
            services,
            desk,
            request,
            status,
            lambda one: migration_view.event(say, one, desk.drivers.coming(one.id)),
        )

    def steering(action: str, limit: int | None = None) -> Handler:
        async def act(request: Request) -> Response:
            migration = migration_id(request)
            try:
                await steer(desk, migration, action, limit=limit)
            except (NotInState, FileElsewhere):
                return await show(migration, Word.NOT_POSSIBLE, 409)
            return RedirectResponse(f"{PATH}/{migration}", 303)

        return in_pages(act)

    for action in ("pause", "resume", "cancel"):
        router.post(f"/migrations/{{migrationId}}/{action}")(steering(action))

    router.post("/migrations/{migrationId}/pilot")(steering("run", PILOT_ROWS))

    @router.post("/migrations/{migrationId}/throttle")
    @in_pages
    async def bound(request: Request) -> Response:
        migration = migration_id(request)
        fields = dict(parse_qsl((await read_body(request)).decode("utf-8", "replace")))
        text = fields.get("rps", "").strip().replace(",", ".")
        try:
            await throttle(desk, migration, rps_of(float(text) if text else None))
        except (ValueError, ParameterInvalid):
            return await show(migration, Word.BAD_LIMIT, 400)
        return RedirectResponse(f"{PATH}/{migration}", 303)

    def reporting(name: str) -> Handler:
        async def make(request: Request) -> Response:
            migration = migration_id(request)
            await desk.looks.status(migration)
            return await report(desk, services.answers, request, migration, name)

        return in_pages(make)

    for name in FORMS:
        router.get(f"/migrations/{{migrationId}}/{name}")(reporting(name))

    return router


def _all_migrations(say: Say) -> str:
    return f'<a href="{PATH}">{escape(say(Word.ALL))}</a>'
