"""Receives the upload form: enters the file and shows its plan, or shows why it is rejected."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from producer.contract.caller_texts import Text
from producer.contract.card_data.card_numbers import find_card_data
from producer.contract.refusals import ParameterInvalid
from producer.http.access.scopes import sender_of
from producer.http.migrations.control import log_action
from producer.http.migrations.processes.child_processes import ChildFailed
from producer.http.migrations.services import MigrationServices
from producer.http.migrations.upload.multipart import FileForm, FormBroken, read_form
from producer.http.migrations.upload.parameters import Parameters
from producer.http.migrations.upload.receive import (
    CARD_DATA,
    UNAVAILABLE,
    TooManyBytes,
    bounded,
    plan_and_enter,
)
from producer.http.migrations.upload_storage import UploadsBusy
from producer.http.pages.migrations import upload_view
from producer.http.pages.site.assets import Asset
from producer.http.pages.site.error_pages import navigation, unavailable
from producer.http.pages.site.layout import page
from producer.http.pages.texts.say import Say
from producer.http.pages.texts.uploads import Upload
from producer.http.requests.content_encoding import refuse_encoded
from producer.http.services import Services

_MISSING = "column_missing"


class _Refused(Exception):
    """The file is rejected; `why` is for people, `columns` are those to choose from."""

    def __init__(self, why: str, http_status: int = 400, columns: list[str] | None = None) -> None:
        self.why = why
        self.http_status = http_status
        self.columns = columns or []
        super().__init__(why)


async def receive(
    services: Services, migrations: MigrationServices, say: Say, request: Request
) -> Response:
    """Receive the file; redirect to its plan, or show the form with what is wrong.

    Nothing is sent, and nothing is kept of a rejected file.

    Raises:
        JournalUnavailable, starlette.requests.ClientDisconnect
    """
    refuse_encoded(request)
    services.require_same_journal()
    fields: dict[str, str] = {}
    try:
        form = await _read(say, request)
        fields = dict(form.fields)
        outcome = await _plan_and_enter(migrations, say, request, form, fields)
    except _Refused as refused:
        return _refused_form(migrations, say, request, fields, refused)
    if outcome is None:
        return unavailable(say, request.scope)
    migration: str = outcome["plan"]["migration"]
    if outcome["created"]:
        log_action(migration, "enter", sender_of(request))
    return RedirectResponse(f"{upload_view.PATH}/{migration}", 303)


async def _read(say: Say, request: Request) -> FileForm:
    try:
        form = await read_form(request.headers.get("content-type", ""), request.stream())
    except FormBroken:
        raise _Refused(say(Upload.BROKEN)) from None
    if find_card_data(dict(form.fields)) is not None:
        raise _Refused(_text(say, Text.CARD_NUMBER, field="form"))
    if not form.filename:
        raise _Refused(say(Upload.CHOOSE))
    return form


async def _plan_and_enter(
    migrations: MigrationServices,
    say: Say,
    request: Request,
    form: FileForm,
    fields: Mapping[str, str],
) -> dict[str, Any] | None:
    """The plan and whether it was entered; None if Redis does not answer."""
    limit = migrations.settings.upload_limit
    try:
        parameters = Parameters.of(_query(form.filename, fields))
        outcome = await plan_and_enter(
            migrations, request, bounded(form.file, limit), parameters, say.language
        )
    except ParameterInvalid as wrong:
        raise _Refused(wrong.message(say.language)) from None
    except TooManyBytes:
        raise _Refused(_text(say, Text.FILE_TOO_LARGE, limit=str(limit)), 413) from None
    except UploadsBusy:
        raise _Refused(_text(say, Text.UPLOADS_BUSY), 503) from None
    except FormBroken:
        raise _Refused(say(Upload.BROKEN)) from None
    except ChildFailed:
        raise _Refused(say(Upload.FAILED), 500) from None
    match outcome.get("code"):
        case None:
            return outcome
        case code if code == UNAVAILABLE:
            return None
        case code if code == CARD_DATA:
            column = outcome["column"] or "?"
            raise _Refused(_text(say, Text.CARD_COLUMN, column=column))
        case code:
            columns = outcome.get("columns", []) if code == _MISSING else []
            raise _Refused(f"{outcome['message']}.", columns=columns)


def _query(filename: str, fields: Mapping[str, str]) -> QueryParams:
    """The form's fields as query parameters of an upload."""
    pairs = [("name", filename)]
    for name, value in fields.items():
        text = value.strip()
        if not text:
            continue
        if name.startswith(upload_view.MAP):
            pairs.append(("map", f"{name.removeprefix(upload_view.MAP)}={text}"))
        else:
            pairs.append((name, text.replace(",", ".") if name == "rps" else text))
    return QueryParams(pairs)


def _refused_form(
    migrations: MigrationServices,
    say: Say,
    request: Request,
    fields: Mapping[str, str],
    refused: _Refused,
) -> Response:
    reason = (
        f'<div class="notice" role="alert"><p><b>{escape(say(Upload.REFUSED))}.</b> '
        f"{escape(refused.why)}</p><p>{escape(say(Upload.NOTHING_KEPT))}"
        f"{' ' + escape(say(Upload.WHICH_COLUMNS)) if refused.columns else ''}</p></div>"
    )
    form = upload_view.form(
        say,
        by=sender_of(request),
        max_bytes=migrations.settings.upload_limit,
        values=fields,
        columns=refused.columns,
        reason=reason,
    )
    nav = navigation(say, request.scope)
    return page(
        say,
        say(Upload.TITLE),
        form,
        scripts=(Asset.UPLOAD,),
        http_status=refused.http_status,
        nav=nav,
    )


def _text(say_: Say, text: Text, **values: str) -> str:
    return f"{text.say(say_.language, **values)}."
