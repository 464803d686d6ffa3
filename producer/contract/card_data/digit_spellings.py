"""How digits may be written, and which characters may separate the groups of one number."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

MIN_DIGITS = 13
"""Digits of the shortest card number."""

# Controls are included, since UTF-16 has NULs between the digits. The colon is not, since it is in
# times and addresses, nor are quotes and brackets, which separate the items of a list.
_BETWEEN = r"\x00-\x20\x7f\-.,/_\\|*+~;"
_ASCII = dict.fromkeys([*range(33), 127, *map(ord, "-.,/_\\|*+~;")], " ")
# What `unicodedata.digit` reads beyond `\d`: superscripts, subscripts, digits in circles and such.
_ODD = (
    "\xb2-\xb3\xb9\u1369-\u1371\u19da\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468\u2474-\u247c"
    "\u2488-\u2490\u24ea\u24f5-\u24fd\u24ff\u2776-\u277e\u2780-\u2788\u278a-\u2792"
    "\U00010a40-\U00010a43\U00010e60-\U00010e68\U00011052-\U0001105a\U0001f100-\U0001f10a"
)
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0"  # Hangul fillers: invisible letters
_DIGIT = rf"[\d{_ODD}]"

_ENOUGH = re.compile(rf"[0-9](?:[{_BETWEEN}]*[0-9]){{{MIN_DIGITS - 1}}}")
_ENOUGH_WIDE = re.compile(rf"{_DIGIT}(?:[\W_{_BLANK_LETTERS}]*{_DIGIT}){{{MIN_DIGITS - 1}}}")
_MANY = re.compile(rf"{_DIGIT}(?:[^\d{_ODD}]*{_DIGIT}){{{MIN_DIGITS - 1}}}")
# Escapes of `repr`, JSON, URLs and HTML.
_ESCAPE = re.compile(
    r"(?:\\{1,8}(?:u[0-9a-fA-F]{4}|u\{[0-9a-fA-F]{1,6}\}|U[0-9a-fA-F]{8}))+|\\{1,8}x[0-9a-fA-F]{2}"
    r"|\\{1,8}[abfnrtv]|(?:%[0-9a-fA-F]{2})+|&(?:[a-zA-Z]{2,24}|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});"
)
_UNIT = re.compile(r"[uU]\{?([0-9a-fA-F]+)")
_SHORT = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_APART = frozenset({"Sc", "Ps", "Pe", "Pi", "Pf"})  # end a number, as the colon, quotes, brackets


class Spelled(NamedTuple):
    """A text with digits normalised to 0 to 9 and separators to spaces.

    `starts` and `stops` give for each character the range it stands for in the original.
    """

    text: str
    starts: Sequence[int]
    stops: Sequence[int]


def may_hold_number(text: str) -> bool:
    """Whether the text can contain 13 digits of one number: a quick check without misses."""
    if len(text) < MIN_DIGITS:
        return False
    if (_ENOUGH if text.isascii() else _ENOUGH_WIDE).search(text) is not None:
        return True
    escaped = "%" in text or "\\" in text or "&" in text
    return escaped and _MANY.search(text) is not None


def spelled(text: str) -> Iterator[Spelled]:
    """The text as it is and, if it has escapes, with the escapes decoded."""
    yield _plain(text)
    if "%" in text or "\\" in text or "&" in text:
        pieces = list(_unescaped(text))
        if len(pieces) != len(text):
            yield _of(pieces)


def _plain(text: str) -> Spelled:
    if text.isascii():
        whole = range(len(text) + 1)
        return Spelled(text.translate(_ASCII), whole[:-1], whole[1:])
    return _of([(character, at, at + 1) for at, character in enumerate(text)])


def _of(pieces: Sequence[tuple[str, int, int]]) -> Spelled:
    text: list[str] = []
    starts: list[int] = []
    stops: list[int] = []
    for character, start, stop in pieces:
        shown = _shown(character)
        text.append(shown)
        starts += [start] * len(shown)
        stops += [stop] * len(shown)
    return Spelled("".join(text), starts, stops)


@lru_cache(maxsize=2048)
def _shown(character: str) -> str:
    """A digit, a space for a separator, or the character itself.

    A digit in a circle, or a superscript, is a group of its own: as a footnote mark after a number
    it must not hide the number.
    """
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit) if character.isdecimal() else f" {digit} "
    if character.isascii():
        return _ASCII.get(ord(character), character)
    if character.isalnum() and character not in _BLANK_LETTERS:
        return character
    apart = unicodedata.category(character) in _APART or character == "\uff1a"
    return character if apart else " "


def _unescaped(text: str) -> Iterator[tuple[str, int, int]]:
    at = 0
    for found in _ESCAPE.finditer(text):
        start, stop = found.span()
        decoded = _decoded(found.group())
        if decoded == found.group() or not any(map(_is_digit_or_separator, decoded)):
            continue
        yield from ((text[place], place, place + 1) for place in range(at, start))
        yield from ((character, start, stop) for character in decoded)
        at = stop
    yield from ((text[place], place, place + 1) for place in range(at, len(text)))


def _is_digit_or_separator(character: str) -> bool:
    shown = _shown(character)
    return shown == " " or shown.strip().isdecimal()


def _decoded(escape: str) -> str:
    if escape[0] == "%":
        return unquote(escape, errors="replace")
    if escape[0] == "&":
        return html.unescape(escape)
    if (short := _SHORT.get(escape[-1])) and len(escape.lstrip("\\")) == 1:
        return short
    if escape.lstrip("\\")[0] == "x":
        return chr(int(escape[-2:], 16))
    units = [int(unit, 16) for unit in _UNIT.findall(escape)]
    joined = "".join(chr(unit) for unit in units if unit <= 0x10FFFF)
    return joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
