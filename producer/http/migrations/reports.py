"""Makes a migration's report on request, and serves it from a temporary file."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from producer.contract.messages import Text
from producer.http.migrations.control import FileElsewhere
from producer.http.migrations.processes.child_processes import ChildFailed
from producer.http.migrations.services import MigrationServices
from producer.http.requests.disconnect import while_connected
from producer.http.responses import Responses
from producer.migrations.report.html_policy import report_policy
from producer.migrations.storage.work_directory import WorkDirectory

# File name → command and option of `cards migrate`, and the media type.
FORMS = {
    "report.csv": ("report", "--csv", "text/csv; charset=utf-8"),
    "report.jsonl": ("report", "--jsonl", "application/jsonl; charset=utf-8"),
    "report.html": ("report", "--html", "text/html; charset=utf-8"),
    "errors.csv": ("report", "--errors", "text/csv; charset=utf-8"),
    "undo.csv": ("undo", "--output", "text/csv; charset=utf-8"),
}
_ELSEWHERE = frozenset({"unreadable_file", "another_file"})
_WRITTEN = (0, 1, 4)  # exit codes with which `cards migrate` has written the file


class _Download(FileResponse):
    """A file that is removed with its folder once it was sent, completely or not."""

    def __init__(self, work: WorkDirectory, path: Path, **options: Any) -> None:
        super().__init__(path, **options)
        self._work = work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await asyncio.to_thread(self._work.close)


async def report(
    migrations: MigrationServices, responses: Responses, request: Request, migration: str, name: str
) -> Response:
    """The report of that name; `migration` must exist.

    Raises:
        FileElsewhere: the migration's file is not on this machine.
        ChildFailed: the report could not be made; the request may be repeated.
        ClientDisconnect: the caller disconnected; no files are left behind.
    """
    command, option, media_type = FORMS[name]
    upload = await asyncio.to_thread(migrations.uploads.get, migration)
    file = [str(migrations.uploads.path(upload))] if upload else []
    work = await asyncio.to_thread(WorkDirectory, migrations.child_processes.folder)
    path = work.path / name
    served = False
    try:
        async with while_connected(request):
            code, out = await migrations.child_processes.report(
                [command, migration, *file, option, str(path)]
            )
        if code not in _WRITTEN:
            return _refused(responses, migration, code, out)
        served = True
    finally:
        if not served:
            await asyncio.to_thread(work.close)
    page = name.endswith(".html")
    disposition = "inline" if page else "attachment"
    headers = {"Content-Disposition": f'{disposition}; filename="{migration}-{name}"'}
    if page:
        # Sandboxed, because it shows a file's contents: it must not act as a page of ours.
        headers["Content-Security-Policy"] = f"{report_policy()}; frame-ancestors 'none'; sandbox"
    return _Download(work, path, media_type=media_type, headers=headers)


def _refused(responses: Responses, migration: str, code: int, out: bytes) -> Response:
    try:
        refusal = json.loads(out.splitlines()[-1])
        error, message = str(refusal["code"]), str(refusal["message"])
    except (IndexError, KeyError, TypeError, ValueError):
        raise ChildFailed("reporting a migration", code) from None
    if error == "unavailable":
        return responses.unavailable()
    if error in _ELSEWHERE:
        raise FileElsewhere(migration)
    return responses.no(500, error, Text.REPORT_FAILED, why=message)
