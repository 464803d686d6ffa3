"""Trims spaces and invisible characters around values."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

# Zero-width characters, a byte order mark and direction marks, which come with text copied from web
# pages, mails and spreadsheets, and everything that Python calls a space.
_ZERO_WIDTH = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u200b\u200c\u200d\u2060\u2061\u2062"
    "\u2063\u2064\u3164\ufeff\uffa0"
)
_DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_SPACES = "".join(map(chr, (*range(9, 14), *range(28, 33), 0x85, 0xA0, 0x1680, 0x2028, 0x2029)))
_SPACES += "".join(map(chr, (*range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)))
EDGES = _SPACES + _ZERO_WIDTH + _DIRECTIONS
_EDGES = frozenset(EDGES)
_HARMLESS = str.maketrans(dict.fromkeys(_ZERO_WIDTH + "\u00a0\u202f", ""))


def trimmed(text: str) -> str:
    """The text without spaces and invisible characters around it."""
    return text.strip(EDGES)


def printable(name: str) -> bool:
    """Whether a column's name may be displayed, aside from no-break and zero-width characters.

    It may not if it changes the direction of text or moves a terminal's cursor.
    """
    return trimmed(name).translate(_HARMLESS).isprintable()


def blank(values: Iterable[Any]) -> bool:
    """Whether a record is empty in all columns."""
    return all(
        value is None or (isinstance(value, str) and not value.strip(EDGES)) for value in values
    )


def hidden_within(text: str) -> str | None:
    """The name of the first invisible character within a trimmed text, or None."""
    for character in text:
        if character in _EDGES:
            name = unicodedata.name(character, "CONTROL CHARACTER")
            return f"U+{ord(character):04X} {name}"
    return None
