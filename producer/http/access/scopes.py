"""Which scopes each route needs, said once: for the OpenAPI document and for who asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request

from producer.contract.messages import Text
from producer.contract.refusals import Refusal
from producer.security.api_tokens import ApiToken, Scope

CALLER = "cards.caller"
"""In the scope: the token of who asks, an `ApiToken`; not there where none is configured."""
SENDER = "cards.sender"
"""In the scope: the name of who asks; not there where no token is configured."""

Security = list[dict[str, list[str]]]


class ScopeMissing(Refusal):
    """The token is one of ours, and may not do this."""

    code = "forbidden"
    http_status = 403

    def __init__(self, needed: list[str]) -> None:
        self.needed = needed
        super().__init__(Text.SCOPE_MISSING, scopes=" / ".join(needed) or "–")

    @property
    def challenge(self) -> str:
        """`WWW-Authenticate`, as RFC 6750 has it. It can name no alternatives: the least is."""
        wanted = f', scope="{self.needed[0]}"' if self.needed else ""
        return f'Bearer error="insufficient_scope"{wanted}'


def security(*scopes: Scope) -> Security:
    """A route's requirement in OpenAPI: a token of one of the scopes, or that there are none."""
    return [*({"bearer": [scope.value]} for scope in scopes), {}]


def needs(*scopes: Scope) -> dict[str, Any]:
    """Arguments of a route that is not described: one of the scopes suffices."""
    return {"openapi_extra": {"security": security(*scopes)}}


OPEN: dict[str, Any] = {"openapi_extra": {"security": []}}
"""Arguments of a route that needs no token."""


def sender_of(request: Request) -> str:
    """The name of the token that asks; empty where there are none."""
    name: str = request.scope.get(SENDER, "")
    return name


def has_scope(request: Request, scope: Scope) -> bool:
    """Whether who asks has the scope; everybody has where there are no tokens."""
    caller: ApiToken | None = request.scope.get(CALLER)
    return caller is None or scope in caller.scopes


def enough_scope(*, open_to_all: bool) -> Callable[[Request], Awaitable[None]]:
    """What every route depends on. One that says nothing of scopes lets nobody in."""

    # Not a plain function: FastAPI would have a thread run it.
    async def enough(request: Request) -> None:
        if not open_to_all:
            _refuse(request)

    return enough


def declared(route: Any) -> Security | None:
    """What the route says of scopes; None where it says nothing."""
    extra = getattr(route, "openapi_extra", None) or {}
    found: Security | None = extra.get("security")
    return found


def _refuse(request: Request) -> None:
    wanted = declared(request.scope.get("route"))
    if wanted == []:
        return
    needed = [name for one in wanted or () for name in one.get("bearer", ())]
    caller: ApiToken | None = request.scope.get(CALLER)
    if caller is None or not caller.scopes & set(needed):
        raise ScopeMissing(needed)
