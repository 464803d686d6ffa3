"""The OpenAPI document: the routes' own descriptions and the contract's models."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from producer.contract import AssignCard, Card, CommandStatus, SetDefaultCard
from producer.http.failed import openapi as failed
from producer.http.migrations import openapi as migrations

_DESCRIPTION = """Commands that manage customers' cards at Stripe. Every body is an envelope,
`{status, message, data}`, with a `code` if `status` is false; messages are in Spanish, or in
English if the process runs with `CARDS_LANGUAGE=en`. A command takes effect at most once, in its
customer's order; the answer is its outcome, or 202 and the URL of its status."""

_TEXT = {"type": "string"}
_NULLABLE_TEXT = {"type": ["string", "null"]}
_SCHEMAS: dict[str, Any] = {
    "CardAdded": {
        "type": "object",
        "required": ["cardId", "brand", "last4"],
        "properties": {
            "cardId": {**_TEXT, "examples": ["card_1QRs9eKZ4xUzN2TPabcdefgh"]},
            "brand": {**_NULLABLE_TEXT, "examples": ["Visa"]},
            "last4": {**_NULLABLE_TEXT, "examples": ["4242"]},
        },
    },
    "Customer": {
        "type": "object",
        "description": "The Customer as Stripe returns it, with expanded sources.",
        "required": ["id", "object"],
        "properties": {
            "id": _TEXT,
            "object": {"const": "customer"},
            "email": _NULLABLE_TEXT,
            "name": _NULLABLE_TEXT,
            "phone": _NULLABLE_TEXT,
            "default_source": _NULLABLE_TEXT,
            "created": {"type": "integer"},
            "sources": {
                "type": "object",
                "properties": {
                    "object": {"const": "list"},
                    "data": {"type": "array", "items": {"$ref": "#/components/schemas/Card"}},
                },
            },
        },
    },
    "TaskAccepted": {
        "type": "object",
        "required": ["taskId", "state"],
        "properties": {"taskId": _TEXT, "state": {"$ref": "#/components/schemas/State"}},
    },
    "Refused": {
        "type": "object",
        "description": "Nothing was done. Programs act on `code`, people read `message`.",
        "required": ["status", "message", "data", "code"],
        "properties": {
            "status": {"const": False},
            "message": _TEXT,
            "data": {},
            "code": {**_TEXT, "examples": ["parameter_invalid"]},
        },
        "additionalProperties": False,
    },
}


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of an app with all its routes."""
    openapi = get_openapi(
        title="card-commands", version="1.0", description=_DESCRIPTION, routes=app.routes
    )
    # In serialization mode, because a command's `kind` and the defaults are only in answers.
    models = [(m, "serialization") for m in (AssignCard, SetDefaultCard, Card)]
    _, schemas = models_json_schema(
        [*models, (CommandStatus, "validation")],  # type: ignore[list-item]
        ref_template="#/components/schemas/{model}",
    )
    components = openapi.setdefault("components", {})
    components["schemas"] = {**schemas["$defs"], **_SCHEMAS, **migrations.SCHEMAS, **failed.SCHEMAS}
    components["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "One of CARDS_API_TOKENS; not required if none is configured. A token "
            "has scopes. Each operation names the scope it needs, or several of which one "
            "suffices: `send` sends commands, `read` reads, `migrate` uploads and controls "
            "migrations, `operate` reads metrics and replays failed commands.",
        }
    }
    return openapi
