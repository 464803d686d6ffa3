"""`/api/migrations`: list, upload, read, control, and fetch reports."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from producer.contract.messages import Text
from producer.contract.refusals import ParameterInvalid
from producer.http.access.scopes import sender_of
from producer.http.migrations import openapi as described
from producer.http.migrations.control import ACTIONS, forget, log_action, steer, throttle
from producer.http.migrations.events import stream
from producer.http.migrations.reports import FORMS, report
from producer.http.migrations.services import MigrationServices
from producer.http.migrations.upload.parameters import Parameters, limit_of, rps_of
from producer.http.migrations.upload.receive import upload
from producer.http.requests.body import parse_fields, read_body
from producer.http.requests.card_number_guard import refuse_card_number_in_query
from producer.http.responses import Responses
from producer.http.services import Services
from producer.migrations.model.status import MigrationStatus
from producer.migrations.registry import UnknownMigration
from producer.migrations.texts.row_texts import plan_in

_ID = re.compile(r"mig_[0-9a-f]{24}")


def routes(services: Services, migrations: MigrationServices) -> APIRouter:
    """The API's routes."""
    router = APIRouter(prefix="/api/migrations")
    responses = services.responses

    @router.get("", **described.LIST)
    async def list_migrations(request: Request) -> Response:
        """All migrations, the newest first."""
        refuse_card_number_in_query(request.scope["query_string"])
        return responses.yes(
            Text.MIGRATIONS_LISTED, [m.wire() for m in await migrations.status_cache.list()]
        )

    @router.post("", **described.UPLOAD)
    async def upload_migration(request: Request) -> Response:
        """Upload a file; plan it and, unless it is a dry run, enter it as a migration."""
        refuse_card_number_in_query(request.scope["query_string"])
        services.require_same_journal()
        answer = await upload(migrations, responses, request, Parameters.of(request.query_params))
        if answer.status_code == 201:
            log_action(answer.headers["location"].rpartition("/")[2], "enter", sender_of(request))
        return answer

    @router.get("/{migrationId}", **described.GET)
    async def get_migration(request: Request) -> Response:
        """A migration's status, with its history."""
        # Fresh, so that a caller sees the effect of its own actions.
        status = await migrations.status_cache.status(migration_id(request), fresh=True)
        history = [[int(s.at.timestamp() * 1000), s.ended] for s in status.history]
        return responses.yes(Text.MIGRATION_FOUND, {**status.wire(), "history": history})

    @router.get("/{migrationId}/plan", **described.PLAN)
    async def get_migration_plan(request: Request) -> Response:
        """A migration's plan, from before anything was sent."""
        migration = migration_id(request)
        await migrations.status_cache.status(migration)
        stored = await asyncio.to_thread(migrations.registry.plan, migration)
        plan = plan_in(stored, responses.language) if stored else None
        return responses.yes(Text.MIGRATION_PLANNED, plan)

    @router.get("/{migrationId}/events", **described.EVENTS)
    async def get_migration_events(request: Request) -> Response:
        """A migration's status whenever it changes, as server-sent events."""
        status = await migrations.status_cache.status(migration_id(request))
        return stream(services, migrations, request, status, MigrationStatus.wire)

    @router.delete("/{migrationId}", **described.FORGET)
    async def forget_migration(request: Request) -> Response:
        """Remove a migration that has ended or not started; its reports are gone afterwards."""
        last = await forget(migrations, migration_id(request), by=sender_of(request))
        return responses.yes(Text.MIGRATION_FORGOTTEN, last and last.wire())

    for action in ACTIONS:
        steering = _steering(migrations, responses, action)
        router.post(f"/{{migrationId}}/{action}", **described.steer(action))(steering)

    @router.post("/{migrationId}/throttle", **described.THROTTLE)
    async def throttle_migration(request: Request) -> Response:
        """Limit the rows sent a second."""
        refuse_card_number_in_query(request.scope["query_string"])
        fields = parse_fields(await read_body(request))
        for name in fields:
            if name != "rps":
                raise ParameterInvalid(Text.UNKNOWN_FIELD, field=name[:40])
        if "rps" not in fields:
            raise ParameterInvalid(Text.BAD_PARAMETER, field="rps", wanted="0.01 … 1000000, null")
        rps = rps_of(fields["rps"])
        status = await throttle(migrations, migration_id(request), rps, by=sender_of(request))
        return responses.yes(Text.MIGRATION_STEERED, status.wire())

    for name in FORMS:
        reporting = _reporting(migrations, responses, name)
        router.get(f"/{{migrationId}}/{name}", **described.report(name))(reporting)

    return router


def migration_id(request: Request) -> str:
    """The id in the path. Raises UnknownMigration if it is malformed."""
    refuse_card_number_in_query(request.scope["query_string"])
    text: str = request.path_params["migrationId"]
    if _ID.fullmatch(text) is None:
        raise UnknownMigration("?")  # the path may hold anything, and is not echoed
    return text


def _steering(
    migrations: MigrationServices, responses: Responses, action: str
) -> Callable[[Request], Awaitable[Response]]:
    async def act(request: Request) -> Response:
        refuse_card_number_in_query(request.scope["query_string"])
        limit = limit_of(request.query_params) if action == "run" else None
        by = sender_of(request)
        status = await steer(migrations, migration_id(request), action, limit=limit, by=by)
        return responses.yes(Text.MIGRATION_STEERED, status.wire())

    return act


def _reporting(
    migrations: MigrationServices, responses: Responses, name: str
) -> Callable[[Request], Awaitable[Response]]:
    async def make(request: Request) -> Response:
        migration = migration_id(request)
        await migrations.status_cache.status(migration)
        return await report(migrations, responses, request, migration, name)

    return make
