"""Whether a request that changes something comes from our own page, or from no page at all."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

from producer.contract.messages import Text
from producer.contract.refusals import Refusal

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class OtherOrigin(Refusal):
    """A browser sent it on behalf of a page of somebody else's."""

    code = "other_origin"
    http_status = 403


def refuse_other_origins(request: Request, *, open_to_all: bool) -> None:
    """Raise OtherOrigin where a browser says that the request is not of this server's pages.

    `open_to_all`: no tokens are configured, so that only loopback is listened on. A name that some
    page made to lead here (DNS rebinding) is then no origin of ours either.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site not in (None, "same-origin", "none"):
        raise OtherOrigin(Text.OTHER_ORIGIN)
    if origin is None:
        return
    host = request.headers.get("host", "")
    if urlsplit(origin).netloc != host:
        raise OtherOrigin(Text.OTHER_ORIGIN)
    if open_to_all and urlsplit(f"//{host}").hostname not in _LOOPBACK:
        raise OtherOrigin(Text.OTHER_ORIGIN)
