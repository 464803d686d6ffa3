"""OpenAPI descriptions of the routes of migrations."""

from __future__ import annotations

from typing import Any

from producer.http.access.scopes import security
from producer.http.openapi.parts import ENCODING, RETRY, no, parameter, ref, refused, yes
from producer.security.api_tokens import Scope

_TAGS = ["migrations"]
_ID = parameter("migrationId", "path", "The migration's id.", {"type": "string"}, required=True)
_LOST = (
    "`journal_lost`: Redis has lost the data it had when rows were sent; the message says what is "
    "known about the rows, and what to do."
)
_NOT_FOUND = {404: no("`migration_not_found`."), 409: no(_LOST)}
_FLAG = {"type": "boolean", "default": False}
_TEXT = {"type": "string"}
_STATUS = ref("Migration")
_PARAMETERS = [
    parameter("name", "query", "The file's name, for display.", _TEXT),
    parameter(
        "map",
        "query",
        "`FIELD=COLUMN` for userId, source, default_source or command; may be repeated.",
        {"type": "array", "items": _TEXT},
    ),
    parameter("sheet", "query", "The sheet of an Excel workbook; by default the first.", _TEXT),
    parameter("command", "query", "Every row's command, if no column says it.", _TEXT),
    parameter(
        "only-if-default-is",
        "query",
        "Apply a row only if the customer's default is still the value in this column.",
        _TEXT,
    ),
    parameter(
        "skip-if-newer",
        "query",
        "Skip customers whose default another command has set since.",
        _FLAG,
    ),
    parameter("blind", "query", "Do not read each customer before changing it.", _FLAG),
    parameter("dry-run", "query", "Answer only the plan; keep nothing.", _FLAG),
    parameter("run", "query", "Start sending at once, without a later `run`.", _FLAG),
    parameter("rps", "query", "The most rows to send a second.", {"type": "number"}),
    parameter(
        "stop-after-failures",
        "query",
        "Stop once so many rows (`20`) or such a share (`5%`) were rejected or failed.",
        _TEXT,
    ),
    parameter(
        "continue-in-new-journal",
        "query",
        "If Redis has lost its data for good: send the rows that are not recorded here as ended.",
        _FLAG,
    ),
]
_ENTERED = {
    "type": "object",
    "required": ["plan", "migration", "created"],
    "properties": {
        "plan": {"type": "object", "description": "The output of `cards migrate plan --json`."},
        "migration": {"anyOf": [_STATUS, {"type": "null"}]},
        "created": {"type": "boolean"},
    },
}


def _operation(
    name: str,
    responses: dict[Any, Any],
    parameters: list[dict[str, Any]],
    body: dict[str, Any] | None = None,
    *,
    changes: bool = False,
) -> dict[str, Any]:
    scopes = (Scope.MIGRATE,) if changes else (Scope.READ, Scope.MIGRATE)
    extra: dict[str, Any] = {"security": security(*scopes), "parameters": parameters}
    if body is not None:
        extra["requestBody"] = body
    return {
        "tags": _TAGS,
        "operation_id": name,
        "responses": {**refused(*scopes, other_origin=changes), **responses},
        "openapi_extra": extra,
    }


LIST = _operation(
    "listMigrations", {200: yes("The newest first.", {"type": "array", "items": _STATUS})}, []
)
GET = _operation(
    "getMigration", {200: yes("The migration's status.", _STATUS), **_NOT_FOUND}, [_ID]
)
UPLOAD = _operation(
    "uploadMigration",
    {
        200: yes("The plan of a dry run, or of a migration that already exists.", _ENTERED),
        201: yes("Entered.", _ENTERED, Location="URL of the migration's status."),
        400: no(
            "`card_number_refused`: a column holds card numbers or CVCs, nothing was stored; "
            "`parameter_invalid`; `host_invalid`; or the reason why the file is rejected, with "
            "`column` and `line`."
        ),
        409: no(_LOST),
        413: no("`file_too_large`."),
        415: ENCODING,
        503: no(
            "`unavailable`: Redis cannot be reached; `uploads_busy`: too many uploads at once. "
            "Nothing was accepted.",
            **RETRY,
        ),
    },
    _PARAMETERS,
    {
        "required": True,
        "description": "The file itself: CSV or JSON Lines, also gzipped, Stripe's JSON mapping, "
        "or Parquet. The same file with the same parameters is the same migration.",
        "content": {"application/octet-stream": {"schema": {"type": "string"}}},
    },
    changes=True,
)
PLAN = _operation(
    "getMigrationPlan",
    {
        200: yes(
            "The plan at the time the migration was entered, as `cards migrate plan --json` prints "
            "it; null if an earlier version entered it.",
            {"anyOf": [{"type": "object"}, {"type": "null"}]},
        ),
        **_NOT_FOUND,
    },
    [_ID],
)
EVENTS = _operation(
    "getMigrationEvents",
    {
        200: {
            "description": "An event `status` for the current status and for each change, at most "
            "once a second; its data is a Migration without `history`. The stream closes at its "
            "end.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        204: {"description": "Reconnected with the `Last-Event-ID` of the end."},
        **_NOT_FOUND,
    },
    [_ID],
)
_STEERED = {
    200: yes("The migration's status afterwards.", _STATUS),
    **_NOT_FOUND,
    409: no(
        "`migration_state`: the migration has ended, is being cancelled, or is driven elsewhere; "
        f"`file_elsewhere`: a pilot is not possible on this machine. {_LOST}"
    ),
}
FORGET = _operation(
    "forgetMigration",
    {
        200: yes(
            "Removed: its ledger, and its files on this machine. The data is its last status; null "
            "if it was forgotten on another machine before, while its files were still here.",
            {"anyOf": [_STATUS, {"type": "null"}]},
        ),
        **_NOT_FOUND,
        409: no(
            "`migration_state`: the migration has started and not ended; `migration_busy`: some of "
            f"its failed commands were replayed, or its driver is still running. {_LOST}"
        ),
    },
    [_ID],
    changes=True,
)
THROTTLE = _operation(
    "throttleMigration",
    {**_STEERED, 415: ENCODING},
    [_ID],
    {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["rps"],
                    "properties": {
                        "rps": {
                            "type": ["number", "null"],
                            "description": "The most rows to send a second; null for no limit.",
                        }
                    },
                    "additionalProperties": False,
                }
            }
        },
    },
    changes=True,
)
_LIMIT = parameter(
    "limit",
    "query",
    "A pilot: send so many rows, then pause. Only on a machine to which the file was uploaded.",
    {"type": "integer", "minimum": 1},
)


def steer(action: str) -> dict[str, Any]:
    """The description of `run`, `pause`, `resume` or `cancel`."""
    more = [_LIMIT] if action == "run" else []
    return _operation(f"{action}Migration", _STEERED, [_ID, *more], changes=True)


def report(name: str) -> dict[str, Any]:
    """The description of the report with that file name."""
    stem, form = name.split(".")
    what = {
        "errors": "The rows worth another run, with the contract's field names.",
        "report": "The outcome of every row; its sums match the ledger.",
        "undo": "A file whose run restores the defaults from before the migration.",
    }[stem]
    media_type = {"csv": "text/csv", "jsonl": "application/jsonl", "html": "text/html"}[form]
    return _operation(
        f"get{stem.title()}{form.title()}",
        {
            200: {"description": what, "content": {media_type: {"schema": {"type": "string"}}}},
            **_NOT_FOUND,
            409: no(f"`file_elsewhere`: the migration's file is not on this machine. {_LOST}"),
        },
        [_ID],
    )


SCHEMAS: dict[str, Any] = {
    "Migration": {
        "type": "object",
        "description": "`counts` has every state; their sum is `rows`.",
        "required": ["id", "name", "state", "rows", "counts", "codes", "createdAt"],
        "properties": {
            "id": _TEXT,
            "name": _TEXT,
            "state": {
                "enum": ["running", "paused", "cancelling", "stopped", "cancelled", "finished"]
            },
            "rows": {"type": "integer"},
            "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
            "codes": {"type": "object", "additionalProperties": {"type": "integer"}},
            "createdAt": _TEXT,
            "finishedAt": {"type": ["string", "null"]},
            "rate": {"type": "number", "description": "Rows ended a second, recently."},
            "etaSeconds": {"type": ["number", "null"]},
            "rps": {"type": ["number", "null"]},
            "driver": {"type": ["string", "null"], "description": "Null while no driver runs."},
            "by": {
                "type": ["string", "null"],
                "description": "The token or client that entered the migration; null if none.",
            },
            "history": {
                "type": "array",
                "description": "[ms since the epoch, rows ended]; only in GET .../{migrationId}.",
                "items": {"type": "array", "items": {"type": "integer"}},
            },
        },
    }
}
