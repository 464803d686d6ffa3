"""Whether a request that changes something comes from our own page, or from no page at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.requests import Request

from producer.contract.messages import Text
from producer.contract.refusals import Refusal

_CHANGES_NOTHING = frozenset({"GET", "HEAD", "OPTIONS"})


class OtherOrigin(Refusal):
    """A browser sent it on behalf of a page of somebody else's."""

    code = "other_origin"
    http_status = 403


def own_origin_only(*, open_to_all: bool) -> Callable[[Request], Awaitable[None]]:
    """What every route depends on, so that none that changes something can lack it.

    `open_to_all`: no tokens are configured, so that only loopback is listened on.
    """

    # Not a plain function: FastAPI would have a thread run it.
    async def own_origin(request: Request) -> None:
        if request.method not in _CHANGES_NOTHING:
            refuse_other_origins(request, open_to_all=open_to_all)

    return own_origin


def refuse_other_origins(request: Request, *, open_to_all: bool) -> None:
    """Raise OtherOrigin where a browser says that the request is not of this server's pages.

    Programs say nothing of an origin and are let in. So is who shows a token, where one is needed:
    a browser adds none by itself, and behind a proxy our own name may be another. Names that some
    page made to lead here (DNS rebinding) are refused before (`producer.http.access.hosts`).
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
    except ValueError:  # an IPv6 address that is none
        own = False
    if not own:
        raise OtherOrigin(Text.OTHER_ORIGIN)
