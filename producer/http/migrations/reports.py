"""A migration's report, made when it is asked for and read from a file that is then gone."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from producer.contract.messages import Text
from producer.http.answers import Answers
from producer.http.migrations.children import ChildFailed
from producer.http.migrations.desk import Desk
from producer.migrations.data_folder import made_private
from producer.migrations.html_policy import report_policy

# By the file's name: the option of `cards migrate report`, and the media type.
FORMS = {
    "report.csv": ("--csv", "text/csv; charset=utf-8"),
    "report.jsonl": ("--jsonl", "application/jsonl; charset=utf-8"),
    "report.html": ("--html", "text/html; charset=utf-8"),
    "errors.csv": ("--errors", "text/csv; charset=utf-8"),
}
_ELSEWHERE = frozenset({"unreadable_file", "another_file"})
_MADE = (0, 1, 4)  # exit codes of `cards migrate report` with which it wrote what was asked for


async def report(desk: Desk, answers: Answers, migration: str, name: str) -> Response:
    """The report of that name; `migration` must be known.

    Raises:
        ChildFailed: it could not be made; it may be asked for again.
    """
    option, media_type = FORMS[name]
    upload = await asyncio.to_thread(desk.uploads.get, migration)
    file = [str(desk.uploads.path(upload))] if upload else []
    path = await asyncio.to_thread(_empty_file, desk.children.folder)
    served = False
    try:
        code, out = await desk.children.report([migration, *file, option, str(path)])
        if code not in _MADE:
            return _refused(answers, code, out)
        served = True
    finally:
        if not served:
            await asyncio.to_thread(path.unlink, missing_ok=True)
    page = name.endswith(".html")
    shown = "inline" if page else "attachment"
    headers = {"Content-Disposition": f'{shown}; filename="{migration}-{name}"'}
    if page:
        # Sandboxed: it shows what is in a file, and is no page of ours that could ask for anything.
        headers["Content-Security-Policy"] = f"{report_policy()}; frame-ancestors 'none'; sandbox"
    gone = BackgroundTask(path.unlink, missing_ok=True)
    return FileResponse(path, media_type=media_type, headers=headers, background=gone)


def _empty_file(folder: Path) -> Path:
    handle, name = tempfile.mkstemp(dir=made_private(folder), prefix="report-")
    os.close(handle)
    return Path(name)


def _refused(answers: Answers, code: int, out: bytes) -> Response:
    try:
        told = json.loads(out.splitlines()[-1])
        error, message = str(told["code"]), str(told["message"])
    except (IndexError, KeyError, TypeError, ValueError):
        raise ChildFailed("reporting a migration", code) from None
    if error == "unavailable":
        return answers.unavailable()
    if error in _ELSEWHERE:
        return answers.no(409, "file_elsewhere", Text.FILE_ELSEWHERE)
    return answers.no(500, error, Text.REPORT_FAILED, why=message)
