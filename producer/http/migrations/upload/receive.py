"""`POST /api/migrations`: a file, from the body to a planned migration."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from producer.contract.messages import Text
from producer.contract.texts import Language
from producer.http.access.scopes import sender_of
from producer.http.migrations.services import MigrationServices
from producer.http.migrations.upload.parameters import Parameters
from producer.http.migrations.upload_storage import UploadsBusy
from producer.http.requests.content_encoding import as_it_says
from producer.http.requests.disconnect import while_connected
from producer.http.responses import Responses
from producer.migrations.errors import FileRefused, JournalLost
from producer.migrations.input.input_file import look_at_head
from producer.migrations.processes.plan_process import Job, refusal

CARD_DATA, TOO_LARGE = "card_data_column", "file_too_large"
UNAVAILABLE = "unavailable"


class TooManyBytes(Exception):
    """The file has more bytes than the limit."""


async def upload(
    migrations: MigrationServices, responses: Responses, request: Request, given: Parameters
) -> Response:
    """Take the file, plan it, and unless it is a dry run enter it as a migration.

    Nothing is left of a file that is refused, nor of a dry run, nor of a caller who goes away
    before the migration is being entered. That is then done whole.

    Raises:
        EncodingUnsupported: it is compressed in another way than gzip, or not as it says.
        ChildFailed: planning was cut off; the upload may be repeated.
        ClientDisconnect: the caller went away.
    """
    limit = migrations.settings.upload_limit
    file = as_it_says(request, bounded(request.stream(), limit))
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length[:18]) > limit:
        return _too_large(responses, limit)
    try:
        told = await plan_and_enter(migrations, request, file, given, responses.language)
    except TooManyBytes:
        return _too_large(responses, limit)
    except UploadsBusy as busy:
        headers = {"Retry-After": str(busy.retry_after_s)}
        return responses.no(503, "uploads_busy", Text.UPLOADS_BUSY, headers=headers)
    if told.get("code") == UNAVAILABLE:
        return responses.unavailable()
    if told.get("code") == JournalLost.code:
        why = told["message"]
        return responses.no(
            409, JournalLost.code, Text.MIGRATION_JOURNAL_LOST, told["data"], why=why
        )
    if "code" in told:
        return _refusal(responses, told)
    if given.dry_run:
        data = {"plan": told["plan"], "migration": None, "created": False}
        return responses.yes(Text.MIGRATION_PLANNED, data)
    migration: str = told["plan"]["migration"]
    status = await migrations.status_cache.status(migration, fresh=True)
    return responses.yes(
        Text.MIGRATION_ENTERED,
        {"plan": told["plan"], "migration": status.wire(), "created": told["created"]},
        http_status=201 if told["created"] else 200,
        headers={"Location": f"/api/migrations/{migration}"},
    )


async def plan_and_enter(
    migrations: MigrationServices,
    request: Request,
    file: AsyncIterator[bytes],
    given: Parameters,
    language: Language,
) -> dict[str, Any]:
    """What a child of ours told of the file: its plan and whether it was entered, or why not.

    That is a `code` with `message`, and where it is about the file `column`, `line` and, where they
    are known, its `columns`.

    Raises:
        TooManyBytes, and whatever else `file` raises.
        UploadsBusy, ChildFailed, ClientDisconnect
    """
    job = _job(migrations, given, sender_of(request), language)
    columns: list[str] = []

    def judge(head: bytes) -> None:
        seen = look_at_head(head, given.name, given.sheet)
        if seen is not None:
            columns.extend(seen.columns)
            job.mapped(seen)

    try:
        async with AsyncExitStack() as stack:
            received = await stack.enter_async_context(
                migrations.upload_storage.received(file, judge)
            )
            async with while_connected(request):
                child = await stack.enter_async_context(
                    migrations.child_processes.planning(asdict(job), received)
                )
                told = await child.planned()
            if "code" not in told and not given.dry_run:
                told = await asyncio.shield(child.enter())
    except FileRefused as refused:
        told = refusal(refused, language)
    if "code" in told:
        return {**told, "columns": columns}
    if not given.dry_run:
        if told["created"]:  # perhaps again, in a new journal
            migrations.drivers.forget(told["plan"]["migration"])
        migrations.drivers.wake()
    return told


def _job(migrations: MigrationServices, given: Parameters, by: str, language: Language) -> Job:
    return Job(
        descriptor=-1,
        folder=str(migrations.child_processes.folder),
        name=given.name,
        maps=given.maps,
        sheet=given.sheet,
        command=given.command,
        expected=given.expected,
        skip_if_newer=given.skip_if_newer,
        blind=given.blind,
        rps=given.rps,
        dry_run=given.dry_run,
        run=given.run,
        go_on=given.go_on,
        stop_after=given.stop_after,
        stop_after_percent=given.stop_after_percent,
        limit=migrations.settings.upload_limit,
        by=by,
        language=language,
    )


async def bounded(file: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    """The same bytes. Raises TooManyBytes once there are more than the limit."""
    taken = 0
    async for chunk in file:
        taken += len(chunk)
        if taken > limit:
            raise TooManyBytes
        yield chunk


def _refusal(responses: Responses, told: dict[str, Any]) -> Response:
    code, why, column, line = (told[name] for name in ("code", "message", "column", "line"))
    if code == CARD_DATA:
        data = {"column": column}
        return responses.no(
            400, "card_number_refused", Text.CARD_COLUMN, data, column=column or "?"
        )
    where = {"column": column or None, "line": line or None}
    status = 413 if code == TOO_LARGE else 400
    return responses.no(status, code, Text.FILE_REFUSED, where, why=why)


def _too_large(responses: Responses, limit: int) -> Response:
    return responses.no(413, TOO_LARGE, Text.FILE_TOO_LARGE, limit=str(limit))
