"""`POST /api/migrations`: receives a file, plans it and enters it as a migration."""

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
from producer.http.requests.content_encoding import checked_encoding
from producer.http.requests.disconnect import while_connected
from producer.http.responses import Responses
from producer.migrations.errors import FileRefused, JournalLost
from producer.migrations.input.input_file import look_at_head
from producer.migrations.processes.plan_process import Job, refusal

CARD_DATA, TOO_LARGE = "card_data_column", "file_too_large"
UNAVAILABLE = "unavailable"


class TooManyBytes(Exception):
    """The file exceeds the limit."""


async def upload(
    migrations: MigrationServices, responses: Responses, request: Request, given: Parameters
) -> Response:
    """Receive the file, plan it and, unless it is a dry run, enter it as a migration.

    Nothing is kept of a rejected file, of a dry run, or if the caller disconnects before the
    migration is being entered. Entering is never interrupted.

    Raises:
        EncodingUnsupported: the file is compressed other than by gzip, or not as the header says.
        ChildFailed: planning was interrupted; the upload may be repeated.
        ClientDisconnect: the caller disconnected.
    """
    limit = migrations.settings.upload_limit
    file = checked_encoding(request, bounded(request.stream(), limit))
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length[:18]) > limit:
        return _too_large(responses, limit)
    try:
        outcome = await plan_and_enter(migrations, request, file, given, responses.language)
    except TooManyBytes:
        return _too_large(responses, limit)
    except UploadsBusy as busy:
        headers = {"Retry-After": str(busy.retry_after_s)}
        return responses.no(503, "uploads_busy", Text.UPLOADS_BUSY, headers=headers)
    if outcome.get("code") == UNAVAILABLE:
        return responses.unavailable()
    if outcome.get("code") == JournalLost.code:
        why = outcome["message"]
        return responses.no(
            409, JournalLost.code, Text.MIGRATION_JOURNAL_LOST, outcome["data"], why=why
        )
    if "code" in outcome:
        return _refusal(responses, outcome)
    if given.dry_run:
        data = {"plan": outcome["plan"], "migration": None, "created": False}
        return responses.yes(Text.MIGRATION_PLANNED, data)
    migration: str = outcome["plan"]["migration"]
    status = await migrations.status_cache.status(migration, fresh=True)
    return responses.yes(
        Text.MIGRATION_ENTERED,
        {"plan": outcome["plan"], "migration": status.wire(), "created": outcome["created"]},
        http_status=201 if outcome["created"] else 200,
        headers={"Location": f"/api/migrations/{migration}"},
    )


async def plan_and_enter(
    migrations: MigrationServices,
    request: Request,
    file: AsyncIterator[bytes],
    given: Parameters,
    language: Language,
) -> dict[str, Any]:
    """The child's answer: the file's plan and whether it was entered, or the reason why not.

    A reason is a `code` with a `message`; if it concerns the file, it has `column`, `line` and, if
    they are known, `columns`.

    Raises:
        TooManyBytes, and whatever else `file` raises.
        UploadsBusy, ChildFailed, ClientDisconnect
    """
    job = _job(migrations, given, sender_of(request), language)
    columns: list[str] = []

    def check_head(head: bytes) -> None:
        seen = look_at_head(head, given.name, given.sheet)
        if seen is not None:
            columns.extend(seen.columns)
            job.mapped(seen)

    try:
        async with AsyncExitStack() as stack:
            received = await stack.enter_async_context(
                migrations.upload_storage.received(file, check_head)
            )
            async with while_connected(request):
                child = await stack.enter_async_context(
                    migrations.child_processes.planning(asdict(job), received)
                )
                outcome = await child.planned()
            if "code" not in outcome and not given.dry_run:
                outcome = await asyncio.shield(child.enter())
    except FileRefused as refused:
        outcome = refusal(refused, language)
    if "code" in outcome:
        return {**outcome, "columns": columns}
    if not given.dry_run:
        if outcome["created"]:  # perhaps again, in a new journal
            migrations.drivers.forget(outcome["plan"]["migration"])
        migrations.drivers.wake()
    return outcome


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
    """The same bytes. Raises TooManyBytes once they exceed the limit."""
    size = 0
    async for chunk in file:
        size += len(chunk)
        if size > limit:
            raise TooManyBytes
        yield chunk


def _refusal(responses: Responses, outcome: dict[str, Any]) -> Response:
    code, why, column, line = (outcome[name] for name in ("code", "message", "column", "line"))
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
