"""The shared strings of a workbook, which cells refer to by number."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from typing import BinaryIO

from producer.migrations.input.files.line_blocks import LINE_LIMIT
from producer.migrations.input.workbook.xml_parts import DEEPEST, broken, parse, prefix_of

_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


class SharedStrings:
    """Texts in one block of memory: about a third of the size of a list of strings.

    Texts are read up to the highest number requested, since cells mostly refer to them in order. A
    text may consist of parts with different fonts; phonetic hints are left out. Texts are cut after
    LINE_LIMIT characters: longer ones are invalid anyway.
    """

    def __init__(self, stream: BinaryIO | None) -> None:
        """`stream` is the workbook's part with the texts; None if it has none."""
        self._block = bytearray()
        self._ends = array("Q", [0])
        self._more = self._read(stream) if stream is not None else iter(())

    def __getitem__(self, place: int) -> str:
        """Raises IndexError, FileRefused."""
        while place + 1 >= len(self._ends):
            if next(self._more, False) is False:
                raise IndexError(place)
        if place < 0:
            raise IndexError(place)
        block = self._block[self._ends[place] : self._ends[place + 1]]
        return block.decode("utf-8", "surrogatepass")

    def _read(self, stream: BinaryIO) -> Iterator[None]:
        block, ends = self._block, self._ends
        parts: list[str] = []
        within, size, depth = False, 0, 0
        si = t = phonetic = ""

        def start(name: str, _: dict[str, str]) -> None:
            nonlocal si, t, phonetic, within, depth
            if name == t:
                if within:
                    raise broken()
                within = True
                return
            depth += 1
            if depth > DEEPEST:
                raise broken()
            if name == phonetic:
                t = ""
            elif not si:
                prefix = prefix_of(name)
                si, t, phonetic = prefix + "si", prefix + "t", prefix + "rPh"

        def end(name: str) -> None:
            nonlocal within, size, t, depth
            if name == t:
                within = False
                return
            depth -= 1
            if name == si:
                text = parts[0] if len(parts) == 1 else "".join(parts)
                block.extend(unescaped(text).encode("utf-8", "surrogatepass"))
                ends.append(len(block))
                parts.clear()
                size = 0
            elif name == phonetic:
                t = si[:-2] + "t"

        def add(text: str) -> None:
            nonlocal size
            if within and size <= LINE_LIMIT:
                parts.append(text)
                size += len(text)

        yield from parse(stream, start, end, add)


def unescaped(text: str) -> str:
    """Decode `_x000D_`, which stands for a character that XML cannot contain."""
    if "_x" not in text:
        return text
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
