"""What the OpenAPI document says of each route: headers, bodies, and every answer."""

from __future__ import annotations

from typing import Any

_SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {}]


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _yes(description: str, data: dict[str, Any], **headers: str) -> dict[str, Any]:
    envelope = {
        "type": "object",
        "required": ["status", "message", "data"],
        "properties": {"status": {"const": True}, "message": {"type": "string"}, "data": data},
        "additionalProperties": False,
    }
    return _answer(description, envelope, **headers)


def _no(description: str, **headers: str) -> dict[str, Any]:
    return _answer(description, _ref("Refused"), **headers)


def _answer(description: str, schema: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": description,
        "content": {"application/json": {"schema": schema}},
    }
    if headers:
        answer["headers"] = {
            name.replace("_", "-"): {"description": text, "schema": {"type": "string"}}
            for name, text in headers.items()
        }
    return answer


def _parameter(
    name: str, where: str, description: str, schema: dict[str, Any], *, required: bool = False
) -> dict[str, Any]:
    return {
        "name": name,
        "in": where,
        "required": required,
        "description": description,
        "schema": schema,
    }


_RETRY = {"Retry_After": "Seconds after which to ask again."}
_REFUSED = {
    400: _no(
        "`parameter_missing`, `parameter_invalid` or `card_number_refused`; or Stripe's refusal, "
        "with Stripe's code."
    ),
    401: _no("`unauthorized`: no or wrong bearer token.", WWW_Authenticate="`Bearer`"),
    500: _no("`internal_error`: a bug of this process; nothing is known to have been accepted."),
    503: _no("`unavailable`: Redis is out of reach, nothing was accepted.", **_RETRY),
}
_TASK_ID = _parameter("taskId", "path", "The command's id.", {"type": "string"}, required=True)
_ORDER_HEADERS = [
    _parameter(
        "Idempotency-Key",
        "header",
        "The same key with the same body is the same command: answered again, never a second "
        "effect. Kept at least 24 h.",
        {"type": "string", "minLength": 1, "maxLength": 255},
    ),
    _parameter(
        "Prefer",
        "header",
        "RFC 7240. `wait=N`: wait up to N seconds, at most 30, for the end (without it, 10). "
        "`respond-async`: do not wait.",
        {"type": "string", "examples": ["wait=5", "respond-async"]},
    ),
    _parameter(
        "Lane",
        "header",
        "The queue the command travels in.",
        {**_ref("Lane"), "default": "interactive"},
    ),
]


def _order(name: str, model: str, done: dict[str, Any], description: str) -> dict[str, Any]:
    applied = {"Preference_Applied": "What of `Prefer` was applied, where something was."}
    ended = {"Content_Location": "Where the command's status is.", **applied}
    return {
        "tags": ["commands"],
        "operation_id": name,
        "responses": {
            200: _yes(description, done, **ended),
            202: _yes(
                "Accepted, and not ended in time; it goes on.",
                _ref("TaskAccepted"),
                Location="Where the command's status is.",
                **_RETRY,
                **applied,
            ),
            **_REFUSED,
            402: _no("Stripe's refusal, with Stripe's code, e.g. `card_declined`.", **ended),
            404: _no("Stripe's refusal: `resource_missing`.", **ended),
            409: _no("`superseded` or `cancelled`: nothing was changed.", **ended),
            410: _no("`result_gone`: it ended, and its result was deleted.", **ended),
            422: _no("`idempotency_key_reused`: the key was used with another body."),
            "default": _no("Any other status that Stripe refused the command with.", **ended),
        },
        "openapi_extra": {
            "security": _SECURITY,
            "parameters": _ORDER_HEADERS,
            "requestBody": {
                "required": True,
                "description": "At most 16 KiB.",
                "content": {"application/json": {"schema": _ref(model)}},
            },
        },
    }


ASSIGN_CARD = _order("assignCard", "AssignCard", _ref("CardAdded"), "The card was added.")
SET_DEFAULT_CARD = _order(
    "setDefaultCard", "SetDefaultCard", _ref("Customer"), "The default was set."
)
LIST_CARDS: dict[str, Any] = {
    "tags": ["cards"],
    "operation_id": "listCards",
    "responses": {
        200: _yes("All of the customer's cards.", {"type": "array", "items": _ref("Card")}),
        **_REFUSED,
        404: _no("Stripe knows no such customer."),
        503: _no("`unavailable`: Redis is out of reach, or no worker answered.", **_RETRY),
        "default": _no("Any other status that Stripe refused with."),
    },
    "openapi_extra": {
        "security": _SECURITY,
        "parameters": [
            _parameter("userId", "path", "The customer.", {"type": "string"}, required=True)
        ],
    },
}
GET_TASK: dict[str, Any] = {
    "tags": ["tasks"],
    "operation_id": "getTask",
    "responses": {
        200: _yes("Where the command stands.", _ref("CommandStatus")),
        **_REFUSED,
        404: _no("`task_not_found`: the id was never accepted, or is no longer kept."),
    },
    "openapi_extra": {
        "security": _SECURITY,
        "parameters": [
            _TASK_ID,
            _parameter(
                "wait",
                "query",
                "Answer once the command has ended, or after this many seconds (at most 30).",
                {"type": "number", "minimum": 0, "default": 0},
            ),
        ],
    },
}
GET_TASK_EVENTS: dict[str, Any] = {
    "tags": ["tasks"],
    "operation_id": "getTaskEvents",
    "responses": {
        200: {
            "description": "An event `state` for the present state and for each change; its data "
            "is the status view (CommandStatus) as JSON. Closed at the end state.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        204: {"description": "Asked again, by `Last-Event-ID`, after the end state was told."},
        **_REFUSED,
        404: _no("`task_not_found`."),
    },
    "openapi_extra": {"security": _SECURITY, "parameters": [_TASK_ID]},
}
HEALTHZ: dict[str, Any] = {
    "tags": ["operation"],
    "operation_id": "healthz",
    "responses": {200: _yes("The process lives.", {"type": "null"})},
}
READYZ: dict[str, Any] = {
    "tags": ["operation"],
    "operation_id": "readyz",
    "responses": {
        200: _yes("Redis answers, and a worker was seen in the last 30 s.", {"type": "object"}),
        503: _no("`not_ready`: the message says what is missing."),
    },
}
GET_METRICS: dict[str, Any] = {
    "tags": ["operation"],
    "operation_id": "metrics",
    "responses": {200: {"description": "Prometheus' text format."}, 401: _REFUSED[401]},
    "openapi_extra": {"security": _SECURITY},
}
