"""Splits a stream into blocks of whole lines, in bounded memory for any line length."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from producer.migrations.errors import FileRefused
from producer.migrations.input.files.text_encodings import decoded
from producer.migrations.texts.reasons import Reason

# More than any row needs: ids have at most 255 characters, the contract's request bodies 16 KiB.
LINE_LIMIT = 131_072
_BLOCK = 1 << 18


class Blocks:
    """Iterates over texts of whole lines, without the last line's end.

    A line of more than LINE_LIMIT bytes is cut to LINE_LIMIT + 1. A last line without a line end
    is a block of its own, and sets `unended`.
    """

    def __init__(self, stream: BinaryIO, end: str = "\n") -> None:
        """`end` is the character that ends lines."""
        self._stream = stream
        self._end = end.encode()
        self.unended = False

    def __iter__(self) -> Iterator[str]:
        rest = b""
        while chunk := self._read():
            whole, newline, rest = (rest + chunk).rpartition(self._end)
            if newline:
                yield decoded(whole)
            if len(rest) > LINE_LIMIT:
                yield decoded(rest[: LINE_LIMIT + 1])
                rest = self._after_line()
        whole, newline, rest = rest.rpartition(self._end)
        if newline:
            yield decoded(whole)
        if rest:
            self.unended = True
            yield decoded(rest)

    def _after_line(self) -> bytes:
        """The bytes read beyond the end of the current line."""
        while chunk := self._read():
            _, newline, rest = chunk.partition(self._end)
            if newline:
                return rest
        return b""

    def _read(self) -> bytes:
        return read(self._stream)


def read(stream: BinaryIO) -> bytes:
    """The next bytes of an unpacked stream; empty at its end. Raises FileRefused."""
    try:
        return stream.read(_BLOCK)
    except (EOFError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise FileRefused("gzip_torn", Reason.GZIP_TORN) from None
