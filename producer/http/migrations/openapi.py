"""What the OpenAPI document says of the routes of migrations."""

from __future__ import annotations

from typing import Any

from producer.http.access.scopes import security
from producer.http.openapi.parts import ENCODING, RETRY, no, parameter, ref, refused, yes
from producer.security.api_tokens import Scope

_TAGS = ["migrations"]
_ID = parameter("migrationId", "path", "The migration's id.", {"type": "string"}, required=True)
_LOST = (
    "`journal_lost`: Redis has lost the data it had when rows were sent; the message says what is "
    "known of them, and what to do."
)
_NOT_FOUND = {404: no("`migration_not_found`."), 409: no(_LOST)}
_FLAG = {"type": "boolean", "default": False}
_TEXT = {"type": "string"}
_STATUS = ref("Migration")
_PARAMETERS = [
    parameter("name", "query", "The file's name, for people.", _TEXT),
    parameter(
        "map",
        "query",
        "`FIELD=COLUMN`, for userId, source, default_source or command; may be repeated.",
        {"type": "array", "items": _TEXT},
    ),
    parameter("sheet", "query", "The sheet of an Excel workbook; else its first one.", _TEXT),
    parameter("command", "query", "What every row orders, where columns do not say it.", _TEXT),
    parameter(
        "only-if-default-is",
        "query",
        "Apply a row only if the customer's default still is what this column says.",
        _TEXT,
    ),
    parameter(
        "skip-if-newer",
        "query",
        "Leave a customer alone whose default another command has set since.",
        _FLAG,
    ),
    parameter("blind", "query", "Do not look at each customer before it is changed.", _FLAG),
    parameter("dry-run", "query", "Answer the plan only; nothing is kept.", _FLAG),
    parameter("run", "query", "Begin to send at once; without it, `run` begins.", _FLAG),
    parameter("rps", "query", "Rows sent a second at most.", {"type": "number"}),
    parameter(
        "stop-after-failures",
        "query",
        "Stop once so many rows, `20`, or such a share, `5%`, were rejected or failed.",
        _TEXT,
    ),
    parameter(
        "continue-in-new-journal",
        "query",
        "Where Redis has lost its data for good: send what is not recorded here as ended.",
        _FLAG,
    ),
]
_ENTERED = {
    "type": "object",
    "required": ["plan", "migration", "created"],
    "properties": {
        "plan": {"type": "object", "description": "As `cards migrate plan --json` prints it."},
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
GET = _operation("getMigration", {200: yes("Where it stands.", _STATUS), **_NOT_FOUND}, [_ID])
UPLOAD = _operation(
    "uploadMigration",
    {
        200: yes("The plan of a dry run, or of a migration that there was already.", _ENTERED),
        201: yes("Entered.", _ENTERED, Location="Where the migration's status is."),
        400: no(
            "`card_number_refused`: a column holds card numbers or CVCs, nothing was stored; "
            "`parameter_invalid`; `host_invalid`; or why the file is not taken, with `column` and "
            "`line`."
        ),
        409: no(_LOST),
        413: no("`file_too_large`."),
        415: ENCODING,
        503: no(
            "`unavailable`: Redis is out of reach; `uploads_busy`: too many at once. Nothing was "
            "accepted.",
            **RETRY,
        ),
    },
    _PARAMETERS,
    {
        "required": True,
        "description": "The file as it is: CSV or JSON Lines, also gzipped, Stripe's JSON mapping, "
        "or Parquet. The same file with the same meaning is the same migration.",
        "content": {"application/octet-stream": {"schema": {"type": "string"}}},
    },
    changes=True,
)
PLAN = _operation(
    "getMigrationPlan",
    {
        200: yes(
            "As `cards migrate plan --json` prints it, of when it was entered; null where an "
            "earlier version entered it.",
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
            "description": "An event `status` for where it stands, and for each change, once a "
            "second at most; its data is a Migration without `history`. Closed at the end.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        204: {"description": "Asked again, by `Last-Event-ID`, after the end was told."},
        **_NOT_FOUND,
    },
    [_ID],
)
_STEERED = {
    200: yes("Where it stands now.", _STATUS),
    **_NOT_FOUND,
    409: no(
        "`migration_state`: it has ended, is being cancelled, or is driven elsewhere; "
        f"`file_elsewhere`: a pilot is not possible here. {_LOST}"
    ),
}
FORGET = _operation(
    "forgetMigration",
    {
        200: yes(
            "Forgotten: its ledger, and its files on this machine. Where it stood; null where it "
            "was forgotten on another machine before, and files of it still lay here.",
            {"anyOf": [_STATUS, {"type": "null"}]},
        ),
        **_NOT_FOUND,
        409: no(
            "`migration_state`: it was begun and has not ended; `migration_busy`: failed "
            f"commands of it were taken up again, or its driver is still there. {_LOST}"
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
                            "description": "Rows sent a second at most; null takes it away.",
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
    "Send so many rows and pause then: a pilot. Only on a machine the file was uploaded to.",
    {"type": "integer", "minimum": 1},
)


def steer(action: str) -> dict[str, Any]:
    """Of `run`, `pause`, `resume` and `cancel`."""
    more = [_LIMIT] if action == "run" else []
    return _operation(f"{action}Migration", _STEERED, [_ID, *more], changes=True)


def report(name: str) -> dict[str, Any]:
    """Of a report by its file's name."""
    stem, form = name.split(".")
    what = {
        "errors": "The rows worth another run, by the contract's field names.",
        "report": "What became of every row; the sums were checked against the ledger.",
        "undo": "A file that, when it is run, puts back the defaults from before the migration.",
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
        "description": "`counts` has every state and adds up to `rows`.",
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
            "rate": {"type": "number", "description": "Rows ended a second, lately."},
            "etaSeconds": {"type": ["number", "null"]},
            "rps": {"type": ["number", "null"]},
            "driver": {"type": ["string", "null"], "description": "Null where nobody drives it."},
            "by": {
                "type": ["string", "null"],
                "description": "Name of the token or client that entered it; null without one.",
            },
            "history": {
                "type": "array",
                "description": "[ms since the epoch, rows ended]; of GET .../{migrationId} alone.",
                "items": {"type": "array", "items": {"type": "integer"}},
            },
        },
    }
}
