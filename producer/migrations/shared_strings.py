"""The texts of a workbook, which cells name by number: all in one block of memory."""

from __future__ import annotations

import re
from array import array
from typing import BinaryIO

from producer.migrations.lines import LINE_LIMIT
from producer.migrations.xml_parts import local, parse

_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


class SharedStrings:
    """Some 30 bytes a text, where lists of strings take thrice as much."""

    def __init__(self) -> None:
        self._block = bytearray()
        self._ends = array("Q", [0])

    def read(self, stream: BinaryIO) -> None:
        """Read the part of the workbook that holds them. Raises FileRefused."""
        text = RichText()

        def start(name: str, _: dict[str, str]) -> None:
            name = local(name)
            if name == "si":
                text.clear()
            else:
                text.start(name)

        def end(name: str) -> None:
            name = local(name)
            if name == "si":
                self._block.extend(text.value().encode("utf-8", "surrogatepass"))
                self._ends.append(len(self._block))
            else:
                text.end(name)

        for _ in parse(stream, start, end, text.add):
            pass

    def __getitem__(self, place: int) -> str:
        """Raises IndexError."""
        if place < 0:
            raise IndexError(place)
        return self._block[self._ends[place] : self._ends[place + 1]].decode(
            "utf-8", "surrogatepass"
        )


class RichText:
    """A text that may be in parts, each with a font of its own; how it is pronounced is left out.

    Of one that is longer than LINE_LIMIT the rest is left out: it is too long as it is.
    """

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._within = False
        self._phonetic = False
        self._size = 0

    def clear(self) -> None:
        """Begin with another."""
        self._parts.clear()
        self._within = self._phonetic = False
        self._size = 0

    def start(self, name: str) -> None:
        """A tag in it begins."""
        if name == "t":
            self._within = not self._phonetic
        elif name == "rPh":
            self._phonetic = True

    def end(self, name: str) -> None:
        """A tag in it ends."""
        if name == "t":
            self._within = False
        elif name == "rPh":
            self._phonetic = False

    def add(self, text: str) -> None:
        """Text of the document, which belongs to it within its tag only."""
        if self._within and self._size <= LINE_LIMIT:
            self._parts.append(text)
            self._size += len(text)

    def value(self) -> str:
        """All of it."""
        return unescaped("".join(self._parts))


def unescaped(text: str) -> str:
    """Characters that XML cannot have are written `_x000D_`."""
    if "_x" not in text:
        return text
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
