"""What the OpenAPI document says of the routes that tell what is happening, and why."""

from __future__ import annotations

from typing import Any

from producer.http.access.scopes import security
from producer.http.openapi.parts import RETRY, no, parameter, refused, yes
from producer.security.api_tokens import Scope

_TEXT = {"type": "string"}
_OBJECT = {"type": "object"}


def _operation(
    name: str, told: dict[str, Any], *parameters: dict[str, Any], **more: dict[str, Any]
) -> dict[str, Any]:
    statuses = {int(name.removeprefix("on_")): answer for name, answer in more.items()}
    return {
        "tags": ["operation"],
        "operation_id": name,
        "responses": {200: told, **refused(Scope.READ), **statuses},
        "openapi_extra": {"security": security(Scope.READ), "parameters": list(parameters)},
    }


OVERVIEW = _operation(
    "getOverview",
    yes(
        "What is happening now: `refuses` (why Redis takes no writes; null where it does), "
        "`lanes`, `workers`, `atWork`, `stripe`, `ended` (by state, since at most an hour ago), "
        "`failed`, `unsettled`, `migrations`. Times in seconds or RFC 3339.",
        _OBJECT,
    ),
)
COMMAND = _operation(
    "getCommand",
    yes(
        "A command, its sender, what happened to it (`moments`) and what it waits for "
        "(`waitsFor`). Tokens are redacted.",
        _OBJECT,
    ),
    parameter("taskId", "path", "The command's id.", _TEXT, required=True),
    on_404=no("`task_not_found`: the id was never accepted, or is no longer kept."),
)
CUSTOMER = _operation(
    "explainCustomer",
    yes(
        "Which card each default makes Stripe charge now (`slots`, `invoicesCharge`), which "
        "command set it, what is waiting, and what became of the newest 50 commands. A worker "
        "reads the customer; where none does, `read` is false and `notRead` says why.",
        _OBJECT,
    ),
    parameter("userId", "path", "The customer.", _TEXT, required=True),
    on_503=no("`unavailable`: Redis is out of reach.", **RETRY),
)
