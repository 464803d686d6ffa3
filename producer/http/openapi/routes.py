"""OpenAPI descriptions of the routes of commands, tasks, cards, Stripe's webhook and health."""

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
        "A request with the same key, body and metadata is the same command: it is answered again "
        "and never takes effect twice. Kept for at least 24 h.",
        {"type": "string", "minLength": 1, "maxLength": 255},
    ),
    parameter(
        "Prefer",
        "header",
        "RFC 7240. `wait=N`: wait up to N seconds (default 10, at most 30) for the outcome. "
        "`respond-async`: do not wait.",
        {"type": "string", "examples": ["wait=5", "respond-async"]},
    ),
    parameter(
        "Callback-Url",
        "header",
        "An https URL to which the outcome is posted, if CARDS_CALLBACKS is on. Of requests with "
        "the same Idempotency-Key, the first one's URL counts.",
        {"type": "string", "format": "uri", "maxLength": 2000},
    ),
    parameter(
        "Metadata",
        "header",
        "Tags, `name=value, name=value`, returned with the command's status. Percent-encode "
        "commas, per cent signs and non-ASCII characters in values. At most 10 tags and 1 kB; "
        "names of up to 40 characters from a-z, 0-9, _ and -; values of 1 to 100 characters, "
        "without card numbers, tokens or keys.",
        {"type": "string", "examples": ["batch=2026-11, ticket=OPS-7"]},
    ),
    parameter(
        "Lane",
        "header",
        "The command's queue.",
        {**ref("Lane"), "default": "interactive"},
    ),
]


def _order(name: str, model: str, done: dict[str, Any], description: str) -> dict[str, Any]:
    applied = {"Preference_Applied": "The part of `Prefer` that was applied, if any."}
    ended = {"Content_Location": "URL of the command's status.", **applied}
    return {
        "tags": ["commands"],
        "operation_id": name,
        "responses": {
            200: yes(description, done, **ended),
            202: yes(
                "Accepted, but not ended in time; the command is still in progress.",
                ref("TaskAccepted"),
                Location="URL of the command's status.",
                **RETRY,
                **applied,
            ),
            **refused(Scope.SEND, other_origin=True),
            402: no("Stripe's refusal, with Stripe's code, e.g. `card_declined`.", **ended),
            403: no(
                "`forbidden`: the token lacks the scope `send`. "
                "`other_origin`: a browser sent the request for a foreign page. "
                "`signature_missing`, `signature_invalid`, `signature_stale`: the workers require "
                "another signature than web's, or a newer one.",
                WWW_Authenticate='`Bearer error="insufficient_scope"`, for `forbidden`',
                **ended,
            ),
            404: no("Stripe's refusal: `resource_missing`.", **ended),
            409: no("`superseded` or `cancelled`: nothing was changed.", **ended),
            410: no(
                "`result_gone`: the command ended, but its result was deleted or cannot be read. "
                "`record_damaged`: its record cannot be read.",
                **ended,
            ),
            415: ENCODING,
            422: no(
                "`idempotency_key_reused`: the key was used before with another body or metadata."
            ),
            "default": no("Any other status with which Stripe refused the command.", **ended),
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
        404: no("Stripe has no such customer."),
        503: no("`unavailable`: Redis cannot be reached, or no worker answered.", **RETRY),
        "default": no("Any other status of Stripe's refusal."),
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
        200: yes("The command's status.", ref("CommandStatus")),
        **refused(Scope.READ),
        404: no("`task_not_found`: the id was never accepted, or is no longer kept."),
        410: no("`record_damaged`: the command was accepted, but its record cannot be read."),
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
            "description": "An event `state` for the current state and for each change; its data "
            "is the CommandStatus as JSON. The stream closes after the end state.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        204: {"description": "Reconnected with the `Last-Event-ID` of the end state."},
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
        200: yes("Recorded, or ignored: not about a customer's cards.", {"type": "null"}),
        400: no(
            "`signature_missing`, `signature_invalid`, `signature_stale` (older than 300 s): not "
            "signed by Stripe. `parameter_invalid`: not a JSON object, or over 256 KiB."
        ),
        404: no("`not_found`: CARDS_STRIPE_WEBHOOK_SECRETS is not set."),
        408: no("`request_timeout`."),
        415: ENCODING,
        421: UNKNOWN_HOST,
        503: no("`unavailable`: Redis cannot be reached; Stripe sends the event again.", **RETRY),
    },
    "openapi_extra": {
        **OPEN["openapi_extra"],
        "parameters": [
            parameter(
                "Stripe-Signature",
                "header",
                "Stripe's signature.",
                {"type": "string"},
                required=True,
            )
        ],
        "requestBody": {
            "required": True,
            "description": "A Stripe event (snapshot), at most 256 KiB.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
    },
}
_ANY_HOST = {400: no("`host_invalid`."), 421: UNKNOWN_HOST}
HEALTHZ: dict[str, Any] = {
    "tags": ["operation"],
    "operation_id": "healthz",
    "responses": {200: yes("The process is alive.", {"type": "null"}), **_ANY_HOST},
    **OPEN,
}
READYZ: dict[str, Any] = {
    "tags": ["operation"],
    "operation_id": "readyz",
    "responses": {
        200: yes(
            "Redis answers, and a worker was seen in the last 30 s. `?only=web` ignores workers: "
            "for balancers, since web accepts commands without workers too. `journal` is false "
            "if Redis has other data than before and a setting allows work to go on.",
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
        404: no("`not_found`: the path is closed, or at a port of its own."),
        **refused(Scope.OPERATE),
    },
    "openapi_extra": {"security": security(Scope.OPERATE)},
}
