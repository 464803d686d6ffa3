"""Checks `Content-Encoding`, and that the body matches it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import Request

from producer.contract.messages import Text
from producer.contract.refusals import Refusal

IDENTITY = "identity"
_UPLOAD_ENCODINGS = f"{IDENTITY}, gzip"
_GZIP = frozenset({"gzip", "x-gzip"})  # RFC 9110, section 8.4.1.3
_GZIP_MAGIC = b"\x1f\x8b"


class EncodingUnsupported(Refusal):
    """The body's content coding is not accepted here, or the body does not match it."""

    code = "encoding_unsupported"
    http_status = 415

    def __init__(self, text: Text, *, wanted: str) -> None:
        self.wanted = wanted
        super().__init__(text, wanted=wanted)


def refuse_encoded(request: Request) -> None:
    """Raise EncodingUnsupported for any coding but identity."""
    if _codings(request):
        raise EncodingUnsupported(Text.BAD_ENCODING, wanted=IDENTITY)


def checked_encoding(request: Request, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The body, still compressed if it is gzip.

    Raises:
        EncodingUnsupported: at once for another coding; while reading if the body is not gzip.
    """
    codings = _codings(request)
    if not codings:
        return body
    if len(codings) > 1 or codings[0] not in _GZIP:
        raise EncodingUnsupported(Text.BAD_ENCODING, wanted=_UPLOAD_ENCODINGS)
    return _gzip(body)


def _codings(request: Request) -> list[str]:
    """The content codings but identity."""
    names = ",".join(request.headers.getlist("content-encoding")).lower().split(",")
    return [coding for name in names if (coding := name.strip()) not in ("", IDENTITY)]


async def _gzip(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    start = b""
    async for chunk in body:
        if len(start) < len(_GZIP_MAGIC):
            start += chunk[: len(_GZIP_MAGIC) - len(start)]
            if not _GZIP_MAGIC.startswith(start):
                break
        yield chunk
    if start != _GZIP_MAGIC:
        raise EncodingUnsupported(Text.NOT_SO_ENCODED, wanted=_UPLOAD_ENCODINGS)
