"""OpenAPI descriptions of the routes of failed commands."""

from __future__ import annotations

from typing import Any

from producer.contract.metadata import NAME
from producer.http.access.scopes import security
from producer.http.failed.parameters import LISTED, MAX_LISTED, MAX_REPLAYED
from producer.http.openapi.parts import ENCODING, parameter, ref, refused, yes
from producer.security.api_tokens import Scope

_TEXT = {"type": "string"}
_NULLABLE_TEXT = {"type": ["string", "null"]}
_COUNT = {"type": "integer", "minimum": 0}
_COUNTS = {"type": "object", "additionalProperties": _COUNT}
_PARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "code": ("Only commands that failed with this code, e.g. `api_error`.", _TEXT),
    "command": ("Only commands of this kind.", ref("CommandKind")),
    "customer": ("Only commands of this customer.", _TEXT),
}
_TAG = "Only commands with this value of the tag NAME; several tags may be given."
_AFTER = "`next` of an earlier answer: continue after it."
_NEXT = {**_NULLABLE_TEXT, "description": "Where to continue; null if there are no more."}

LIST: dict[str, Any] = {
    "tags": ["failed"],
    "operation_id": "listFailed",
    "responses": {
        200: yes(
            "The oldest first. A page may have fewer than `limit` commands, or none, and still a "
            "`next`: one request reads at most 1,000 commands.",
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
                "The most commands to list.",
                {"type": "integer", "minimum": 1, "maximum": MAX_LISTED, "default": LISTED},
            ),
        ],
    },
}
REPLAY: dict[str, Any] = {
    "tags": ["failed"],
    "operation_id": "replayFailed",
    "responses": {
        200: yes(
            "The commands that were replayed, or with `dryRun` would be. Repeating the request is "
            "harmless: replayed commands are no longer failed. One request replays at most `limit` "
            "commands and reads at most 5,000; `next` says where to continue.",
            {
                "type": "object",
                "required": ["dryRun", "matching", "replayed", "leftOut", "next"],
                "properties": {
                    "dryRun": {"type": "boolean"},
                    "matching": {**_COUNT, "description": "Replayed, or to be replayed."},
                    "replayed": {
                        **_COUNTS,
                        "description": "Counts by the state after the replay: `queued`, or "
                        "`superseded` if a newer command has been applied since.",
                    },
                    "leftOut": {
                        **_COUNTS,
                        "description": "`poison`: they killed their worker. `signature_invalid`, "
                        "`signature_missing`: their sender cannot be verified.",
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
            "description": "A filter of at least one part; it selects commands that match all.",
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
                                "description": "Only count; replay nothing.",
                            },
                            "poison": {
                                "type": "boolean",
                                "default": False,
                                "description": "Also replay commands that killed their worker, and "
                                "may kill another.",
                            },
                            "limit": {
                                "type": "integer",
                                "minimum": 1,
                                "maximum": MAX_REPLAYED,
                                "default": MAX_REPLAYED,
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
        "description": "A failed command. Its token is redacted.",
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
                "description": "The tags it was sent with.",
            },
            "code": _TEXT,
            "error": {**_TEXT, "description": "The last error, for people."},
            "failedAt": {**_TEXT, "format": "date-time"},
            "attempts": {"type": "integer"},
        },
    }
}
