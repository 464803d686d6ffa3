"""OpenAPI descriptions of the routes of the overview, of commands and of customers."""

from __future__ import annotations

from typing import Any

from producer.http.access.scopes import security
from producer.http.openapi.parts import RETRY, no, parameter, refused, yes
from producer.security.api_tokens import Scope

_TEXT = {"type": "string"}
_OBJECT = {"type": "object"}


def _operation(
    name: str, success: dict[str, Any], *parameters: dict[str, Any], **more: dict[str, Any]
) -> dict[str, Any]:
    statuses = {int(name.removeprefix("on_")): answer for name, answer in more.items()}
    return {
        "tags": ["operation"],
        "operation_id": name,
        "responses": {200: success, **refused(Scope.READ), **statuses},
        "openapi_extra": {"security": security(Scope.READ), "parameters": list(parameters)},
    }


OVERVIEW = _operation(
    "getOverview",
    yes(
        "The current situation: `refuses` (why Redis accepts no writes; null if it does), "
        "`lanes`, `workers`, `atWork`, `stripe`, `ended` (by state, of at most the last hour), "
        "`failed`, `unsettled`, `migrations`. Times in seconds or RFC 3339.",
        _OBJECT,
    ),
)
COMMAND = _operation(
    "getCommand",
    yes(
        "A command, its sender, its history (`moments`) and what it waits for "
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
        "command set it, which commands are waiting, and the outcomes of the newest 50. A worker "
        "reads the customer; if none does, `read` is false and `notRead` says why.",
        _OBJECT,
    ),
    parameter("userId", "path", "The customer.", _TEXT, required=True),
    on_503=no("`unavailable`: Redis cannot be reached.", **RETRY),
)
