"""Iterates over the elements of a JSON document without holding the document."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from producer.migrations.errors import FileRefused
from producer.migrations.input.files.line_blocks import read
from producer.migrations.texts.reasons import Reason

# Maximum characters of one element, far above any known one: it bounds memory.
ELEMENT_LIMIT = 1 << 20
_SPACE = re.compile(r"[ \t\r\n]*")
LIST = "data"  # the member of Stripe's lists that holds the rows


class Element:
    """A value of the document, and its text."""

    __slots__ = ("repeated", "text", "value")

    def __init__(self, value: Any, text: str, repeated: bool) -> None:
        self.value = value
        self.text = text
        self.repeated = repeated  # an object has a member twice


class Elements:
    """Iterates over the elements of a stream in UTF-8.

    The elements are those of arrays, of lists in objects like `{"data": […]}`, or plain values. The
    stream may hold several such documents.

    Raises:
        FileRefused: the JSON is malformed or truncated, or an element is too large.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._feed = _texts(stream)
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object)
        self._text = ""
        self._at = 0
        self._line = 1
        self._repeated = False

    def of_arrays(self) -> Iterator[Element]:
        """The elements of `[…]`."""
        while self._next():
            yield from self._array()

    def of_lists(self) -> Iterator[Element]:
        """The elements of `{"data": […], …}`, without the object's other members."""
        while self._next():
            self._expect("{")
            found = False
            while self._next() != "}":
                name = self._value().value
                self._expect(":")
                if name == LIST and self._next() == "[":
                    if found:
                        raise self._broken()
                    found = True
                    yield from self._array()
                else:
                    self._value()
                if self._next() != "}":
                    self._expect(",")
            self._at += 1

    def of_none(self) -> Iterator[Element]:
        """The values of `{…} {…}`."""
        while self._next():
            yield self._value()

    def _array(self) -> Iterator[Element]:
        self._expect("[")
        if self._next() == "]":
            self._at += 1
            return
        while True:
            yield self._value()
            if self._next() == "]":
                self._at += 1
                return
            self._expect(",")

    def _value(self) -> Element:
        self._next()
        while True:
            began = self._at
            self._repeated = False
            try:
                value, at = self._decoder.raw_decode(self._text, began)
            except (ValueError, RecursionError):
                if not self._more():
                    raise self._broken() from None
                continue
            # A number may continue in the next block.
            if at == len(self._text) and not isinstance(value, (dict, list, str)) and self._more():
                continue
            self._at = at
            return Element(value, self._text[began:at], self._repeated)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            self._repeated = True
        return made

    def _expect(self, sign: str) -> None:
        if self._next() != sign:
            raise self._broken()
        self._at += 1

    def _next(self) -> str:
        """Move to the next character that is no space and return it; "" at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            assert space is not None
            self._at = space.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _more(self) -> bool:
        if len(self._text) - self._at > ELEMENT_LIMIT:
            what = Reason.JSON_ELEMENT_TOO_LARGE
            raise FileRefused("json_broken", what, line=self._present_line(), limit=ELEMENT_LIMIT)
        text = next(self._feed, "")
        self._line = self._present_line()
        self._text, self._at = self._text[self._at :] + text, 0
        return text != ""

    def _present_line(self) -> int:
        """The line of the present position."""
        return self._line + self._text.count("\n", 0, self._at)

    def _broken(self) -> FileRefused:
        return FileRefused("json_broken", Reason.JSON_BROKEN, line=self._present_line())


def _texts(stream: BinaryIO) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
    while chunk := read(stream):
        yield from filter(None, [decoder.decode(chunk)])
    yield from filter(None, [decoder.decode(b"", final=True)])
