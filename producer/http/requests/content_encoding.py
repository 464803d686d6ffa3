"""`Content-Encoding`: what a body says of itself, which is believed by nobody without a look."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import Request

from producer.contract.messages import Text
from producer.contract.refusals import Refusal

IDENTITY = "identity"
UPLOADED = f"{IDENTITY}, gzip"
_GZIP = frozenset({"gzip", "x-gzip"})  # RFC 9110, section 8.4.1.3
_GZIP_MAGIC = b"\x1f\x8b"


class EncodingUnsupported(Refusal):
    """The body is in a coding that is not taken here, or not in the one it says."""

    code = "encoding_unsupported"
    http_status = 415

    def __init__(self, text: Text, *, wanted: str) -> None:
        self.wanted = wanted
        super().__init__(text, wanted=wanted)


def refuse_encoded(request: Request) -> None:
    """Raise EncodingUnsupported for any coding but identity."""
    if _codings(request):
        raise EncodingUnsupported(Text.BAD_ENCODING, wanted=IDENTITY)


def as_it_says(request: Request, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The body, still packed where it is gzip.

    Raises EncodingUnsupported: at once for another coding, or once the first bytes are no gzip.
    """
    codings = _codings(request)
    if not codings:
        return body
    if len(codings) > 1 or codings[0] not in _GZIP:
        raise EncodingUnsupported(Text.BAD_ENCODING, wanted=UPLOADED)
    return _gzip(body)


def _codings(request: Request) -> list[str]:
    """Those that are to be undone."""
    said = ",".join(request.headers.getlist("content-encoding")).lower().split(",")
    return [coding for one in said if (coding := one.strip()) not in ("", IDENTITY)]


async def _gzip(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    begun = b""
    async for chunk in body:
        if len(begun) < len(_GZIP_MAGIC):
            begun += chunk[: len(_GZIP_MAGIC) - len(begun)]
            if not _GZIP_MAGIC.startswith(begun):
                break
        yield chunk
    if begun != _GZIP_MAGIC:
        raise EncodingUnsupported(Text.NOT_SO_ENCODED, wanted=UPLOADED)
