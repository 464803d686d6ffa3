"""What the OpenAPI document says of each route: headers, bodies, and every answer."""

from __future__ import annotations

from typing import Any

from producer.http.access.scopes import OPEN, security
from producer.http.openapi.parts import (
    ENCODING,
    RETRY,
    UNKNOWN_HOST,
    no,
    parameter,
    ref,
    refused,
    yes,
)
from producer.security.api_tokens import Scope

_TASK_ID = parameter("taskId", "path", "The command's id.", {"type": "string"}, required=True)
_ORDER_HEADERS = [
    parameter(
        "Idempotency-Key",
        "header",
        "The same key with the same body and metadata is the same command: answered again, never "
        "a second effect. Kept at least 24 h.",
        {"type": "string", "minLength": 1, "maxLength": 255},
    ),
    parameter(
        "Prefer",
        "header",
        "RFC 7240. `wait=N`: wait up to N seconds, at most 30, for the end (without it, 10). "
        "`respond-async`: do not wait.",
        {"type": "string", "examples": ["wait=5", "respond-async"]},
    ),
    parameter(
        "Callback-Url",
        "header",
        "An https URL that is told of the command's end, where CARDS_CALLBACKS is on. The first "
        "request of an Idempotency-Key counts.",
        {"type": "string", "format": "uri", "maxLength": 2000},
    ),
    parameter(
        "Metadata",
        "header",
        "Tags, `name=value, name=value`, told with the command's status; values percent-encoded "
        "where they hold a comma, a per cent sign or what is not ASCII. At most 10, and 1 kB; "
        "names of a-z, 0-9, _ and -, up to 40; values of 1 to 100 characters, no card numbers, "
        "tokens or keys.",
        {"type": "string", "examples": ["batch=2026-11, ticket=OPS-7"]},
    ),
    parameter(
        "Lane",
        "header",
        "The queue the command travels in.",
        {**ref("Lane"), "default": "interactive"},
    ),
]


def _order(name: str, model: str, done: dict[str, Any], description: str) -> dict[str, Any]:
    applied = {"Preference_Applied": "What of `Prefer` was applied, where something was."}
    ended = {"Content_Location": "Where the command's status is.", **applied}
    return {
        "tags": ["commands"],
        "operation_id": name,
        "responses": {
            200: yes(description, done, **ended),
            202: yes(
                "Accepted, and not ended in time; it goes on.",
                ref("TaskAccepted"),
                Location="Where the command's status is.",
                **RETRY,
                **applied,
            ),
            **refused(Scope.SEND, other_origin=True),
            402: no("Stripe's refusal, with Stripe's code, e.g. `card_declined`.", **ended),
            403: no(
                "`forbidden`: the token has not the scope `send`. "
                "`other_origin`: a browser sent it for a page of somebody else's. "
                "`signature_missing`, `signature_invalid`, `signature_stale`: the workers demand "
                "another signature than web's, or one that is not as old.",
                WWW_Authenticate='`Bearer error="insufficient_scope"`, where it is that',
                **ended,
            ),
            404: no("Stripe's refusal: `resource_missing`.", **ended),
            409: no("`superseded` or `cancelled`: nothing was changed.", **ended),
            410: no(
                "`result_gone`: it ended, and its result was deleted or cannot be read. "
                "`record_damaged`: what became of it cannot be read.",
                **ended,
            ),
            415: ENCODING,
            422: no(
                "`idempotency_key_reused`: the key was used with another body or other metadata."
            ),
            "default": no("Any other status that Stripe refused the command with.", **ended),
        },
        "openapi_extra": {
            "security": security(Scope.SEND),
            "parameters": _ORDER_HEADERS,
            "requestBody": {
                "required": True,
                "description": "At most 16 KiB.",
                "content": {"application/json": {"schema": ref(model)}},
            },
        },
    }


ASSIGN_CARD = _order("assignCard", "AssignCard", ref("CardAdded"), "The card was added.")
SET_DEFAULT_CARD = _order(
    "setDefaultCard", "SetDefaultCard", ref("Customer"), "The default was set."
)
LIST_CARDS: dict[str, Any] = {
    "tags": ["cards"],
    "operation_id": "listCards",
    "responses": {
        200: yes("All of the customer's cards.", {"type": "array", "items": ref("Card")}),
        **refused(Scope.READ),
        404: no("Stripe knows no such customer."),
        503: no("`unavailable`: Redis is out of reach, or no worker answered.", **RETRY),
        "default": no("Any other status that Stripe refused with."),
    },
    "openapi_extra": {
        "security": security(Scope.READ),
        "parameters": [
            parameter("userId", "path", "The customer.", {"type": "string"}, required=True)
        ],
    },
}
GET_TASK: dict[str, Any] = {
    "tags": ["tasks"],
    "operation_id": "getTask",
    "responses": {
        200: yes("Where the command stands.", ref("CommandStatus")),
        **refused(Scope.READ),
        404: no("`task_not_found`: the id was never accepted, or is no longer kept."),
        410: no("`record_damaged`: it was accepted, and its record cannot be read."),
    },
    "openapi_extra": {
        "security": security(Scope.READ),
        "parameters": [
            _TASK_ID,
            parameter(
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
        **refused(Scope.READ),
        404: no("`task_not_found`."),
        410: no("`record_damaged`."),
    },
    "openapi_extra": {"security": security(Scope.READ), "parameters": [_TASK_ID]},
}
STRIPE_EVENT: dict[str, Any] = {
    "tags": ["stripe"],
    "operation_id": "receiveStripeEvent",
    "responses": {
        200: yes("It was taken, or is none about a customer's cards.", {"type": "null"}),
        400: no(
            "`signature_missing`, `signature_invalid`, `signature_stale` (older than 300 s): it is "
            "not as Stripe signed it. `parameter_invalid`: no JSON object, or over 256 KiB."
        ),
        404: no("`not_found`: CARDS_STRIPE_WEBHOOK_SECRETS is not set."),
        408: no("`request_timeout`."),
        415: ENCODING,
        421: UNKNOWN_HOST,
        503: no("`unavailable`: Redis is out of reach; Stripe sends it again.", **RETRY),
    },
    "openapi_extra": {
        **OPEN["openapi_extra"],
        "parameters": [
            parameter(
                "Stripe-Signature",
                "header",
                "As Stripe signs it.",
                {"type": "string"},
                required=True,
            )
        ],
        "requestBody": {
            "required": True,
            "description": "An event as Stripe sends it (snapshot), at most 256 KiB.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
    },
}
_ANY_HOST = {400: no("`host_invalid`."), 421: UNKNOWN_HOST}
HEALTHZ: dict[str, Any] = {
    "tags": ["operation"],
    "operation_id": "healthz",
    "responses": {200: yes("The process lives.", {"type": "null"}), **_ANY_HOST},
    **OPEN,
}
READYZ: dict[str, Any] = {
    "tags": ["operation"],
    "operation_id": "readyz",
    "responses": {
        200: yes(
            "Redis answers, and a worker was seen in the last 30 s, which `?only=web` leaves out: "
            "for balancers, since commands are accepted without workers too. `journal` is false "
            "where Redis does not have the data of before, and a setting lets work go on.",
            {"type": "object"},
        ),
        503: no("`not_ready`: the message says what is missing."),
        **_ANY_HOST,
    },
    **OPEN,
}
GET_METRICS: dict[str, Any] = {
    "tags": ["operation"],
    "operation_id": "metrics",
    "responses": {
        200: {"description": "Prometheus' text format."},
        404: no("`not_found`: it is closed, or at a port of its own."),
        **refused(Scope.OPERATE),
    },
    "openapi_extra": {"security": security(Scope.OPERATE)},
}
