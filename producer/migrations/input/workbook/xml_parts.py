"""Reads XML as a stream, in bounded memory and without a document type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO
from xml.parsers import expat

from producer.migrations.errors import FileRefused
from producer.migrations.texts.reasons import Reason

_CHUNK = 1 << 16
# Bytes of a tag with its attributes, which expat holds until the tag ends.
_LONGEST_TAG = 1 << 20
DEEPEST = 100

Start = Callable[[str, dict[str, str]], object]
End = Callable[[str], object]
Text = Callable[[str], object]


def parse(stream: BinaryIO, start: Start, end: End, text: Text | None = None) -> Iterator[None]:
    """Call the callbacks for each tag and text; yields after every chunk of the stream.

    Callbacks may raise FileRefused, or ValueError or LookupError with the same effect. They must
    bound the depth of nested tags by DEEPEST: each takes memory until it ends.

    Raises:
        FileRefused: the XML is malformed, has a document type, or an endless tag.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    if text is not None:
        parser.CharacterDataHandler = text
    # A document type can declare entities that expand, and no workbook has one.
    parser.StartDoctypeDeclHandler = _refuse
    fed = 0
    try:
        while chunk := stream.read(_CHUNK):
            parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > _LONGEST_TAG:
                raise broken()
            yield
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError):
        # ValueError and LookupError come from callbacks that read attributes.
        raise broken() from None
    yield


def parse_small(stream: BinaryIO, start: Start, end: End | None = None) -> None:
    """Call the callbacks for each tag of a small part, at once. Raises FileRefused."""
    depth = 0

    def enter(name: str, given: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise broken()
        start(name, given)

    def leave(name: str) -> None:
        nonlocal depth
        depth -= 1
        if end is not None:
            end(name)

    for _ in parse(stream, enter, leave):
        pass


def local(name: str) -> str:
    """The name without its prefix."""
    return name.rpartition(":")[2]


def prefix_of(name: str) -> str:
    """The prefix of a name, with its colon."""
    return name[: name.rfind(":") + 1]


def broken() -> FileRefused:
    """The error for a damaged workbook."""
    return FileRefused("xlsx_broken", Reason.XLSX_BROKEN)


def _refuse(*_: object) -> None:
    raise broken()
