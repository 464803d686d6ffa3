"""`/migrations` and `/migrations/{id}`: pages to watch migrations, and forms to control them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from producer.contract.bilingual import Bilingual
from producer.contract.refusals import ParameterInvalid
from producer.http.access.scopes import has_scope, needs, sender_of
from producer.http.migrations.control import FileElsewhere, forget, steer, throttle
from producer.http.migrations.events import stream
from producer.http.migrations.reports import FORMS, report
from producer.http.migrations.routes import migration_id
from producer.http.migrations.services import MigrationServices
from producer.http.migrations.upload.parameters import limit_of, rps_of
from producer.http.pages.migrations import list_view, migration_view, upload_view
from producer.http.pages.migrations.upload_form import receive
from producer.http.pages.site.assets import Asset
from producer.http.pages.site.error_pages import navigation, unavailable
from producer.http.pages.site.layout import explained, notice, page, trouble
from producer.http.pages.site.sessions import Sessions
from producer.http.pages.texts.migrations import Page
from producer.http.pages.texts.say import Say
from producer.http.pages.texts.uploads import Upload
from producer.http.requests.body import read_body
from producer.http.services import Services
from producer.journal import JournalUnavailable
from producer.migrations.after.forget import StillBusy
from producer.migrations.model.status import MigrationStatus
from producer.migrations.registry import NotInState, UnknownMigration
from producer.security.api_tokens import Scope

log = logging.getLogger(__name__)

PATH = "/migrations"
Handler = Callable[[Request], Awaitable[Response]]
_READ = needs(Scope.READ, Scope.MIGRATE)
_STEER = needs(Scope.MIGRATE)


def routes(
    services: Services, migrations: MigrationServices, sessions: Sessions, say: Say
) -> APIRouter:
    """The pages' routes. Errors are answered with pages too."""
    router = APIRouter(include_in_schema=False)

    async def not_found(migration: str, nav: str) -> Response:
        loss = await migrations.lost(migration)
        if loss is None:
            return trouble(say, Page.NOT_FOUND, Page.NOT_FOUND_DO, 404, nav=nav)
        message = loss.message(say.language)
        return explained(say, Page.JOURNAL_LOST, message, 409, nav=nav)

    def in_pages(handler: Handler) -> Handler:
        @wraps(handler)
        async def handled(request: Request) -> Response:
            try:
                try:
                    return await handler(request)
                except UnknownMigration as unknown:
                    return await not_found(unknown.migration, navigation(say, request.scope))
            except JournalUnavailable as error:
                if error.other_data:
                    nav = navigation(say, request.scope)
                    return trouble(say, Page.OTHER_DATA, Page.OTHER_DATA_DO, 503, nav=nav)
                log.warning("%s", error)
                return unavailable(say, request.scope)

        return handled

    async def show(
        request: Request, word: Bilingual | None = None, http_status: int = 200
    ) -> Response:
        migration = migration_id(request)
        status = await migrations.status_cache.status(migration, fresh=True)
        remark = notice(say, word) if word else ""
        driven_here = migrations.drivers.driven_here(migration)
        can_steer = has_scope(request, Scope.MIGRATE)
        plan = await asyncio.to_thread(migrations.registry.plan, migration)
        body = migration_view.body(
            say, status, remark, driven_here=driven_here, can_steer=can_steer, plan=plan
        )
        script = None if status.state.ended else Asset.LIVE
        title = migration_view.title(say, status)
        nav = navigation(say, request.scope)
        return page(say, title, body, script=script, http_status=http_status, nav=nav)

    @router.get(PATH, **_READ)
    @in_pages
    async def list_migrations(request: Request) -> Response:
        found = await migrations.status_cache.list()
        lost = await migrations.all_lost({one.id for one in found})
        base = str(request.base_url).rstrip("/")
        can_steer = has_scope(request, Scope.MIGRATE)
        limit = migrations.settings.upload_limit
        form = upload_view.form(say, by=sender_of(request), max_bytes=limit) if can_steer else ""
        body = list_view.body(
            say, found, migrations.drivers.driven_here, lost, base=base, upload=form
        )
        return page(
            say,
            say(Page.MIGRATIONS),
            body,
            script=Asset.LIST,
            scripts=(Asset.UPLOAD,) if can_steer else (),
            # Without scripts, a reload would discard what the user is filling in.
            reload=not can_steer,
            nav=navigation(say, request.scope),
        )

    @router.post(PATH, **_STEER)
    @in_pages
    async def upload_file(request: Request) -> Response:
        return await receive(services, migrations, say, request)

    @router.get("/migrations/{migrationId}", **_READ)
    @in_pages
    async def show_migration(request: Request) -> Response:
        return await show(request)

    @router.get("/migrations/{migrationId}/events", **_READ)
    async def events(request: Request) -> Response:
        status = await migrations.status_cache.status(migration_id(request))
        can_steer = has_scope(request, Scope.MIGRATE)
        plan = await asyncio.to_thread(migrations.registry.plan, status.id)

        def view(one: MigrationStatus) -> dict[str, Any]:
            driven_here = migrations.drivers.driven_here(one.id)
            return migration_view.event(say, one, driven_here, can_steer=can_steer, plan=plan)

        async def signed_in() -> bool:
            if not sessions.required or "authorization" in request.headers:
                return True
            return await sessions.caller(request.scope["headers"]) is not None

        return stream(services, migrations, request, status, view, signed_in)

    def steering(action: str, limit: int | None = None) -> Handler:
        async def act(request: Request) -> Response:
            migration = migration_id(request)
            try:
                await steer(migrations, migration, action, limit=limit, by=sender_of(request))
            except (NotInState, FileElsewhere):
                return await show(request, Page.NOT_POSSIBLE, 409)
            return RedirectResponse(f"{PATH}/{migration}", 303)

        return in_pages(act)

    for action in ("pause", "resume", "cancel"):
        router.post(f"/migrations/{{migrationId}}/{action}", **_STEER)(steering(action))

    @router.post("/migrations/{migrationId}/pilot", **_STEER)
    @in_pages
    async def pilot(request: Request) -> Response:
        rows = (await _fields(request)).get("rows", str(migration_view.PILOT_ROWS))
        try:
            limit = limit_of(QueryParams({"limit": rows.strip()}))
        except ParameterInvalid:
            return await show(request, Upload.BAD_PILOT, 400)
        return await steering("run", limit)(request)

    @router.post("/migrations/{migrationId}/discard", **_STEER)
    @in_pages
    async def discard(request: Request) -> Response:
        try:
            await forget(migrations, migration_id(request), by=sender_of(request))
        except (NotInState, StillBusy):
            return await show(request, Page.NOT_POSSIBLE, 409)
        return RedirectResponse(PATH, 303)

    @router.post("/migrations/{migrationId}/throttle", **_STEER)
    @in_pages
    async def throttle_migration(request: Request) -> Response:
        migration = migration_id(request)
        fields = await _fields(request)
        text = fields.get("rps", "").strip().replace(",", ".")
        try:
            rps = rps_of(float(text) if text else None)
            await throttle(migrations, migration, rps, by=sender_of(request))
        except (ValueError, ParameterInvalid):
            return await show(request, Page.BAD_LIMIT, 400)
        return RedirectResponse(f"{PATH}/{migration}", 303)

    def reporting(name: str) -> Handler:
        async def make(request: Request) -> Response:
            migration = migration_id(request)
            await migrations.status_cache.status(migration)
            try:
                return await report(migrations, services.responses, request, migration, name)
            except FileElsewhere:
                nav = navigation(say, request.scope)
                return trouble(say, Upload.ELSEWHERE, Upload.ELSEWHERE_DO, 409, nav=nav)

        return in_pages(make)

    for name in FORMS:
        router.get(f"/migrations/{{migrationId}}/{name}", **_READ)(reporting(name))

    return router


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a form without a file."""
    return dict(parse_qsl((await read_body(request)).decode("utf-8", "replace")))
