"""`POST /api/migrations`: a file, from the body to a planned migration."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response

from producer.contract.messages import Text
from producer.http.answers import Answers
from producer.http.encoding import as_it_says
from producer.http.migrations.desk import Desk
from producer.http.migrations.parameters import Parameters
from producer.migrations.entering_child import Job
from producer.migrations.errors import JournalLost
from producer.migrations.uploads import Upload

_CARD_DATA = "card_data_column"


class _TooLarge(Exception):
    """The body has more bytes than the limit."""


async def upload(desk: Desk, answers: Answers, request: Request, given: Parameters) -> Response:
    """Take the file, plan it, and unless it is a dry run enter it as a migration.

    Nothing is left of a file that is refused, nor of a dry run.

    Raises:
        EncodingUnsupported: it is compressed in another way than gzip, or not as it says.
        ChildFailed: planning was cut off; the upload may be repeated.
        ClientDisconnect: the caller went away before the file was complete.
    """
    limit = desk.settings.upload_limit
    file = as_it_says(request, _bounded(request, limit))
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length[:18]) > limit:
        return _too_large(answers, limit)
    job = Job(
        folder=str(desk.children.folder),
        name=given.name,
        maps=given.maps,
        command=given.command,
        expected=given.expected,
        skip_if_newer=given.skip_if_newer,
        blind=given.blind,
        rps=given.rps,
        dry_run=given.dry_run,
        run=given.run,
        go_on=given.go_on,
        language=answers.language,
    )
    try:
        told = await desk.children.enter(asdict(job), file)
    except _TooLarge:
        return _too_large(answers, limit)
    if told.get("code") == "unavailable":
        return answers.unavailable()
    if told.get("code") == JournalLost.code:
        why = told["message"]
        return answers.no(409, JournalLost.code, Text.MIGRATION_JOURNAL_LOST, told["data"], why=why)
    if "code" in told:
        return _refusal(answers, told["code"], told["message"], told["column"], told["line"])
    if given.dry_run:
        data = {"plan": told["plan"], "migration": None, "created": False}
        return answers.yes(Text.MIGRATION_PLANNED, data)
    migration: str = told["plan"]["migration"]
    marker = Upload(migration, told["file"], given.stop_after, given.stop_after_percent)
    await asyncio.to_thread(desk.uploads.keep, marker)
    if told["created"]:  # perhaps again, in a new journal
        desk.drivers.forget(migration)
    desk.drivers.poke()
    status = await desk.looks.status(migration, fresh=True)
    return answers.yes(
        Text.MIGRATION_ENTERED,
        {"plan": told["plan"], "migration": status.wire(), "created": told["created"]},
        http_status=201 if told["created"] else 200,
        headers={"Location": f"/api/migrations/{migration}"},
    )


async def _bounded(request: Request, limit: int) -> AsyncIterator[bytes]:
    taken = 0
    async for chunk in request.stream():
        taken += len(chunk)
        if taken > limit:
            raise _TooLarge
        yield chunk


def _refusal(answers: Answers, code: str, why: str, column: str, line: int) -> Response:
    if code == _CARD_DATA:
        data = {"column": column}
        return answers.no(400, "card_number_refused", Text.CARD_COLUMN, data, column=column or "?")
    told = {"column": column or None, "line": line or None}
    return answers.no(400, code, Text.FILE_REFUSED, told, why=why)


def _too_large(answers: Answers, limit: int) -> Response:
    return answers.no(413, "file_too_large", Text.FILE_TOO_LARGE, limit=str(limit))
