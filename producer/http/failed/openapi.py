"""What the OpenAPI document says of the routes of failed commands."""

from __future__ import annotations

from typing import Any

from producer.contract.metadata import NAME
from producer.http.access.scopes import security
from producer.http.failed.parameters import LISTED, MOST_LISTED, MOST_REPLAYED
from producer.http.openapi.parts import ENCODING, parameter, ref, refused, yes
from producer.security.api_tokens import Scope

_TEXT = {"type": "string"}
_NULLABLE_TEXT = {"type": ["string", "null"]}
_COUNT = {"type": "integer", "minimum": 0}
_COUNTS = {"type": "object", "additionalProperties": _COUNT}
_PARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "code": ("Only those that gave up with this code, e.g. `api_error`.", _TEXT),
    "command": ("Only those of this kind.", ref("CommandKind")),
    "customer": ("Only those of this customer.", _TEXT),
}
_TAG = "Only those with this value of the tag NAME; may be given for several."
_AFTER = "`next` of an earlier answer: go on after it."
_NEXT = {**_NULLABLE_TEXT, "description": "Where to go on; null where there are no more."}

LIST: dict[str, Any] = {
    "tags": ["failed"],
    "operation_id": "listFailed",
    "responses": {
        200: yes(
            "The oldest first. A page may have fewer than `limit`, or none, and a `next` all the "
            "same: one request looks at 1,000 commands at most.",
            {
                "type": "object",
                "required": ["failed", "next"],
                "properties": {
                    "failed": {"type": "array", "items": ref("FailedCommand")},
                    "next": _NEXT,
                },
            },
        ),
        **refused(Scope.READ),
    },
    "openapi_extra": {
        "security": security(Scope.READ),
        "parameters": [
            *(parameter(name, "query", text, schema) for name, (text, schema) in _PARTS.items()),
            parameter("tag.NAME", "query", _TAG, _TEXT),
            parameter("after", "query", _AFTER, _TEXT),
            parameter(
                "limit",
                "query",
                "How many at most.",
                {"type": "integer", "minimum": 1, "maximum": MOST_LISTED, "default": LISTED},
            ),
        ],
    },
}
REPLAY: dict[str, Any] = {
    "tags": ["failed"],
    "operation_id": "replayFailed",
    "responses": {
        200: yes(
            "What was taken up, or with `dryRun` would be. Repeating the request is harmless: what "
            "was taken up is no longer failed. One request takes up `limit` commands and looks at "
            "5,000 at most; `next` says where to go on.",
            {
                "type": "object",
                "required": ["dryRun", "matching", "replayed", "leftOut", "next"],
                "properties": {
                    "dryRun": {"type": "boolean"},
                    "matching": {**_COUNT, "description": "Taken up, or to be."},
                    "replayed": {
                        **_COUNTS,
                        "description": "How many came to be in which state: `queued`, `superseded` "
                        "where a newer command has overtaken it.",
                    },
                    "leftOut": {
                        **_COUNTS,
                        "description": "`poison`: they killed their worker. `signature_invalid`, "
                        "`signature_missing`: nobody vouches for them.",
                    },
                    "next": _NEXT,
                },
            },
        ),
        **refused(Scope.OPERATE, other_origin=True),
        415: ENCODING,
    },
    "openapi_extra": {
        "security": security(Scope.OPERATE),
        "requestBody": {
            "required": True,
            "description": "A filter of at least one part; those that match all parts are meant.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            **{
                                name: {**schema, "description": text}
                                for name, (text, schema) in _PARTS.items()
                            },
                            "dryRun": {
                                "type": "boolean",
                                "default": False,
                                "description": "Only count; nothing is taken up.",
                            },
                            "poison": {
                                "type": "boolean",
                                "default": False,
                                "description": "Also those that killed their worker, and may kill "
                                "the next.",
                            },
                            "limit": {
                                "type": "integer",
                                "minimum": 1,
                                "maximum": MOST_REPLAYED,
                                "default": MOST_REPLAYED,
                            },
                            "after": {**_TEXT, "description": _AFTER},
                        },
                        "patternProperties": {rf"^tag\.{NAME}$": {**_TEXT, "description": _TAG}},
                        "additionalProperties": False,
                    }
                }
            },
        },
    },
}
SCHEMAS: dict[str, Any] = {
    "FailedCommand": {
        "type": "object",
        "description": "A command that gave up. Its token is redacted.",
        "required": ["taskId", "command", "userId", "lane", "code", "error", "failedAt"],
        "properties": {
            "taskId": _TEXT,
            "command": ref("CommandKind"),
            "userId": _TEXT,
            "source": {**_TEXT, "description": "Of an AssignCard."},
            "default_source": {**_TEXT, "description": "Of a SetDefaultCard."},
            "lane": ref("Lane"),
            "sender": _NULLABLE_TEXT,
            "metadata": {
                "type": "object",
                "additionalProperties": _TEXT,
                "description": "The tags that it was sent with.",
            },
            "code": _TEXT,
            "error": {**_TEXT, "description": "The last error, for people."},
            "failedAt": {**_TEXT, "format": "date-time"},
            "attempts": {"type": "integer"},
        },
    }
}
