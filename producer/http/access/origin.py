"""Refuses state-changing requests that a browser sends for a foreign page (CSRF)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.requests import Request

from producer.contract.messages import Text
from producer.contract.refusals import Refusal

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class OtherOrigin(Refusal):
    """A browser sent the request for a foreign page."""

    code = "other_origin"
    http_status = 403


def own_origin_only(*, open_to_all: bool) -> Callable[[Request], Awaitable[None]]:
    """A dependency of every route, so that no state-changing route can lack it.

    `open_to_all`: no tokens are configured, so web listens on loopback only.
    """

    # Async, because FastAPI would run a plain function in a thread.
    async def own_origin(request: Request) -> None:
        if request.method not in _SAFE_METHODS:
            refuse_other_origins(request, open_to_all=open_to_all)

    return own_origin


def refuse_other_origins(request: Request, *, open_to_all: bool) -> None:
    """Raise OtherOrigin if a browser sent the request for a page that is not this server's.

    Programs send no origin and are admitted. If tokens are configured, requests with a token are
    admitted too: a browser adds none by itself, and behind a proxy our own name may differ. Foreign
    names that lead here (DNS rebinding) are refused earlier (`producer.http.access.hosts`).
    """
    if not open_to_all and "authorization" in request.headers:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site not in (None, "same-origin", "none"):
        raise OtherOrigin(Text.OTHER_ORIGIN)
    if origin is None:
        return
    host = request.headers.get("host", "")
    try:
        own = urlsplit(origin).netloc == host
    except ValueError:  # an invalid IPv6 address
        own = False
    if not own:
        raise OtherOrigin(Text.OTHER_ORIGIN)
