"""The scopes each route needs, declared once for the OpenAPI document and for the check."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request

from producer.contract.messages import Text
from producer.contract.refusals import Refusal
from producer.security.api_tokens import ApiToken, Scope

CALLER = "cards.caller"
"""In the scope: the caller's `ApiToken`; absent if no token is configured."""
SENDER = "cards.sender"
"""In the scope: the name of the caller's token; absent if no token is configured."""

Security = list[dict[str, list[str]]]


class ScopeMissing(Refusal):
    """The token is valid but lacks the scope."""

    code = "forbidden"
    http_status = 403

    def __init__(self, needed: list[str]) -> None:
        self.needed = needed
        super().__init__(Text.SCOPE_MISSING, scopes=" / ".join(needed) or "–")

    @property
    def challenge(self) -> str:
        """`WWW-Authenticate` by RFC 6750, which cannot name alternatives: it names the first."""
        wanted = f', scope="{self.needed[0]}"' if self.needed else ""
        return f'Bearer error="insufficient_scope"{wanted}'


def security(*scopes: Scope) -> Security:
    """A route's OpenAPI requirement: a token with one of the scopes, or no tokens at all."""
    return [*({"bearer": [scope.value]} for scope in scopes), {}]


def needs(*scopes: Scope) -> dict[str, Any]:
    """Arguments of a route outside the OpenAPI document: one of the scopes suffices."""
    return {"openapi_extra": {"security": security(*scopes)}}


OPEN: dict[str, Any] = {"openapi_extra": {"security": []}}
"""Arguments of a route that needs no token."""


def sender_of(request: Request) -> str:
    """The name of the caller's token; empty if no tokens are configured."""
    name: str = request.scope.get(SENDER, "")
    return name


def has_scope(request: Request, scope: Scope) -> bool:
    """Whether the caller has the scope; every caller has it if no tokens are configured."""
    caller: ApiToken | None = request.scope.get(CALLER)
    return caller is None or scope in caller.scopes


def enough_scope(*, open_to_all: bool) -> Callable[[Request], Awaitable[None]]:
    """A dependency of every route. A route that declares no scopes admits nobody."""

    # Async, because FastAPI would run a plain function in a thread.
    async def enough(request: Request) -> None:
        if not open_to_all:
            _refuse(request)

    return enough


def declared(route: Any) -> Security | None:
    """The scopes that the route declares; None if it declares none."""
    extra = getattr(route, "openapi_extra", None) or {}
    declaration: Security | None = extra.get("security")
    return declaration


def _refuse(request: Request) -> None:
    requirement = declared(request.scope.get("route"))
    if requirement == []:
        return
    needed = [name for option in requirement or () for name in option.get("bearer", ())]
    caller: ApiToken | None = request.scope.get(CALLER)
    if caller is None or not caller.scopes & set(needed):
        raise ScopeMissing(needed)
