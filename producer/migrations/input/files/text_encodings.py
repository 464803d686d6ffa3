"""Detects a text's encoding, by its byte order mark or by its bytes, and decodes it."""

from __future__ import annotations

import codecs
import io
from typing import BinaryIO

from producer.migrations.input.files.formats import Encoding

BOM = "\ufeff"
_MARKS = (
    # UTF-32's mark starts like UTF-16's.
    (codecs.BOM_UTF32_LE, Encoding.UTF_32_LE),
    (codecs.BOM_UTF32_BE, Encoding.UTF_32_BE),
    (codecs.BOM_UTF8, Encoding.UTF_8_BOM),
    (codecs.BOM_UTF16_LE, Encoding.UTF_16_LE),
    (codecs.BOM_UTF16_BE, Encoding.UTF_16_BE),
)
_CODECS = {
    Encoding.UTF_16_LE: "utf-16-le",
    Encoding.UTF_16_BE: "utf-16-be",
    Encoding.UTF_32_LE: "utf-32-le",
    Encoding.UTF_32_BE: "utf-32-be",
}
_UTF_8 = (Encoding.UTF_8, Encoding.UTF_8_BOM)
# The five bytes that Windows-1252 does not define are Latin-1 controls.
_WINDOWS_1252 = "".join(
    bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(256)
)
# In UTF-16 without a mark, every second of the first bytes is 0.
_CHECKED = 64


def encoding_of(data: bytes) -> Encoding:
    """The encoding of a text with these first bytes."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    unmarked = _unmarked_utf_16(data)
    if unmarked is not None:
        return unmarked
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return Encoding.UTF_8 if _damaged_utf_8(data) else Encoding.WINDOWS_1252
    return Encoding.UTF_8


def decoded(data: bytes) -> str:
    """UTF-8 text; invalid bytes become lone surrogates, which the checks reject."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape")


def head_text(data: bytes, encoding: Encoding) -> str:
    """The text of a file's first bytes, whose last character may be cut."""
    return decoded(as_utf_8(io.BytesIO(data), encoding).read())


class Utf8Stream:
    """A text of another encoding, converted to UTF-8; invalid bytes become U+FFFD."""

    def __init__(self, stream: BinaryIO, encoding: Encoding) -> None:
        self._stream = stream
        name = _CODECS.get(encoding)
        self._decoder = codecs.getincrementaldecoder(name)("replace") if name else None

    def read(self, size: int = -1) -> bytes:
        """Some bytes, converted from at most `size`; empty only at the end."""
        while chunk := self._stream.read(size):
            if text := self._text(chunk):
                return text.encode()
        return self._text(b"", final=True).encode()

    def _text(self, data: bytes, *, final: bool = False) -> str:
        if self._decoder is None:
            return codecs.charmap_decode(data, "strict", _WINDOWS_1252)[0]
        return self._decoder.decode(data, final)


def as_utf_8(stream: BinaryIO, encoding: Encoding) -> BinaryIO:
    """The stream in UTF-8: itself, or converted."""
    return stream if encoding in _UTF_8 else Utf8Stream(stream, encoding)  # type: ignore[return-value]


def _unmarked_utf_16(data: bytes) -> Encoding | None:
    head = data[:_CHECKED]
    if len(head) < 4:
        return None
    even, odd = head[::2], head[1::2]
    if not any(odd) and all(even):
        return Encoding.UTF_16_LE
    if not any(even) and all(odd):
        return Encoding.UTF_16_BE
    return None


def _damaged_utf_8(data: bytes) -> bool:
    """Whether most of the non-ASCII bytes are valid UTF-8."""
    text = data.decode("utf-8", "surrogateescape")
    odd = [char for char in text if char > "\x7f"]
    broken = sum("\udc80" <= char <= "\udcff" for char in odd)
    return broken * 2 <= len(odd)
