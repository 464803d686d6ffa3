"""Parses a browser's form with a file (RFC 7578) as a stream.

The file is neither held nor written here: its bytes are passed on. Fields come before the file,
which is the last part.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

_HEAD_LIMIT = 8_192  # bytes of a part's headers
_FIELDS_LIMIT = 16_384  # bytes of all fields
_BOUNDARY = re.compile(
    r'multipart/form-data\s*;.*?\bboundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.I | re.S
)
_PARAMETER = re.compile(r';\s*(name|filename)="([^"]*)"', re.I)
# How browsers escape what would end a quoted name (WHATWG HTML, 4.10.21.8).
_ESCAPES = (("%22", '"'), ("%0D", "\r"), ("%0A", "\n"))


class FormBroken(ValueError):
    """The body is no form with a file, or not as browsers send it."""


@dataclass(frozen=True, slots=True)
class FileForm:
    """The fields in order, and the file, which must be read to its end."""

    fields: list[tuple[str, str]]
    filename: str
    file: AsyncIterator[bytes]


async def read_form(content_type: str, body: AsyncIterator[bytes]) -> FileForm:
    """Read the form up to its file.

    Raises:
        FormBroken: the form is malformed. `file` raises it too if the body ends within the file or
            continues after it.
    """
    match = _BOUNDARY.match(content_type)
    if match is None:
        raise FormBroken("no boundary")
    source = _Source(body, b"--" + (match[1] or match[2]).encode("latin-1", "replace"))
    fields: list[tuple[str, str]] = []
    size = 0
    await source.expect(source.boundary)
    while True:
        if await source.exactly(2) != b"\r\n":
            raise FormBroken("no file")
        head = await source.until(b"\r\n\r\n", _HEAD_LIMIT)
        names = _names(head.decode("utf-8", "replace"))
        if "name" not in names:
            raise FormBroken("a part without a name")
        if "filename" in names:
            return FileForm(fields, names["filename"], source.file())
        value = await source.until(b"\r\n" + source.boundary, _FIELDS_LIMIT)
        size += len(head) + len(value)
        if size > _FIELDS_LIMIT:
            raise FormBroken("the fields are too large")
        fields.append((names["name"], value.decode("utf-8", "replace")))


def _names(head: str) -> dict[str, str]:
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            return {key.lower(): _plain(text) for key, text in _PARAMETER.findall(value)}
    return {}


def _plain(text: str) -> str:
    for escape, char in _ESCAPES:
        text = text.replace(escape, char)
    return text


class _Source:
    """The body, of which only a chunk and the text being searched for are held."""

    def __init__(self, body: AsyncIterator[bytes], boundary: bytes) -> None:
        self.boundary = boundary
        self._body = body
        self._held = bytearray()

    async def expect(self, start: bytes) -> None:
        if await self.exactly(len(start)) != start:
            raise FormBroken("no boundary at the start")

    async def exactly(self, count: int) -> bytes:
        while len(self._held) < count:
            await self._more()
        return self._take(count)

    async def until(self, mark: bytes, limit: int) -> bytes:
        """The bytes before the mark; the mark is discarded."""
        searched = 0
        while (at := self._held.find(mark, max(searched - len(mark), 0))) < 0:
            searched = len(self._held)
            if searched > limit:
                raise FormBroken("a part is too large")
            await self._more()
        found = self._take(at)
        self._take(len(mark))
        return found

    async def file(self) -> AsyncIterator[bytes]:
        """The last part's bytes."""
        mark = b"\r\n" + self.boundary
        while (at := self._held.find(mark)) < 0:
            if (before_mark := len(self._held) - len(mark) + 1) > 0:
                yield self._take(before_mark)
            await self._more()
        if at:
            yield self._take(at)
        self._take(len(mark))
        if await self.exactly(2) != b"--":
            raise FormBroken("a part after the file")
        async for _ in self._body:
            pass

    def _take(self, count: int) -> bytes:
        taken = bytes(self._held[:count])
        del self._held[:count]
        return taken

    async def _more(self) -> None:
        chunk = await anext(self._body, None)
        if chunk is None:
            raise FormBroken("the form ends too early")
        self._held += chunk
