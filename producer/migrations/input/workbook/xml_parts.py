"""Reads XML as a stream, in bounded memory and without a document type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO
from xml.parsers import expat

from producer.migrations.errors import FileRefused
from producer.migrations.texts.reasons import Reason

_CHUNK = 1 << 16
# Of a tag with its attributes; expat holds it until it ends.
_LONGEST_TAG = 1 << 20
DEEPEST = 100

Start = Callable[[str, dict[str, str]], object]
End = Callable[[str], object]
Text = Callable[[str], object]


def parse(stream: BinaryIO, start: Start, end: End, text: Text | None = None) -> Iterator[None]:
    """Call for each tag and text; gives way after every piece of the stream.

    The callbacks may raise FileRefused, and ValueError or LookupError for the same. They are to
    bound how deep tags are nested, each of which takes memory until it ends: DEEPEST.

    Raises:
        FileRefused: it is no well-formed XML, has a document type, or an endless tag.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    if text is not None:
        parser.CharacterDataHandler = text
    # Entities, which grow, are declared in it, and no workbook has one.
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
        # Also what the callers' own reading of attributes raises.
        raise broken() from None
    yield


def parse_small(stream: BinaryIO, start: Start, end: End | None = None) -> None:
    """Call for each tag of a part that is not read row by row. Raises FileRefused."""
    depth = 0

    def deeper(name: str, given: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise broken()
        start(name, given)

    def back(name: str) -> None:
        nonlocal depth
        depth -= 1
        if end is not None:
            end(name)

    for _ in parse(stream, deeper, back):
        pass


def local(name: str) -> str:
    """The name without its prefix."""
    return name.rpartition(":")[2]


def prefix_of(name: str) -> str:
    """The prefix of a name, with its colon."""
    return name[: name.rfind(":") + 1]


def broken() -> FileRefused:
    """Of a workbook that is none."""
    return FileRefused("xlsx_broken", Reason.XLSX_BROKEN)


def _refuse(*_: object) -> None:
    raise broken()
