"""The texts of a workbook, which cells name by number: all in one block of memory."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from typing import BinaryIO

from producer.migrations.input.files.line_blocks import LINE_LIMIT
from producer.migrations.input.workbook.xml_parts import DEEPEST, broken, parse, prefix_of

_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


class SharedStrings:
    """Some 30 bytes a text, where lists of strings take thrice as much.

    They are read as far as they are asked for: cells name them mostly in their order. Each may be
    in parts, with a font of its own each; how it is pronounced is left out. Of one that is longer
    than LINE_LIMIT the rest is left out: it is too long as it is.
    """

    def __init__(self, stream: BinaryIO | None) -> None:
        """`stream` is the part of the workbook that holds them; None is of one without."""
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
    """Characters that XML cannot have are written `_x000D_`."""
    if "_x" not in text:
        return text
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
