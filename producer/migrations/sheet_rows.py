"""The rows of a worksheet as a stream: of each its number, and the texts of its filled cells."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import BinaryIO, TypeAlias

from producer.migrations.cell_texts import date_text, number_text
from producer.migrations.lines import LINE_LIMIT
from producer.migrations.shared_strings import RichText, SharedStrings, unescaped
from producer.migrations.xml_parts import broken, local, parse

_MOST_COLUMNS = 16_384  # of Excel
_MOST_ROWS = 1_048_576
_DEEPEST = 100
_DIGITS = "0123456789"
_BOOLEANS = {"0": "FALSE", "1": "TRUE"}


class Missing(Enum):
    """What stands for a value that the file has not."""

    FORMULA = "formula"  # it was not calculated


Cells: TypeAlias = list[tuple[int, str | Missing]]


def sheet_rows(
    stream: BinaryIO, strings: SharedStrings, date_styles: frozenset[str], *, from_1904: bool
) -> Iterator[tuple[int, Cells]]:
    """Each row with a filled cell: its number, and column (from 0) and text of those.

    Raises:
        FileRefused: the workbook is damaged.
    """
    reading = _Reading(strings, date_styles, from_1904)
    for _ in parse(stream, reading.start, reading.end, reading.text):
        yield from reading.rows
        reading.rows.clear()


class _Reading:
    def __init__(
        self, strings: SharedStrings, date_styles: frozenset[str], from_1904: bool
    ) -> None:
        self.rows: list[tuple[int, Cells]] = []
        self._strings = strings
        self._date_styles = date_styles
        self._from_1904 = from_1904
        self._prefix: str | None = None
        self._names = {"": ""}
        self._columns: dict[str, int] = {}
        self._depth = 0
        self._row = 0
        self._cells: Cells = []
        self._column = -1
        self._kind: str | None = None
        self._style: str | None = None
        self._formula = False
        self._in_value = False
        self._value = ""
        self._inline = RichText()
        self._is_inline = False

    def start(self, name: str, given: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise broken()
        name = self._local(name)
        if name == "c":
            self._begin_cell(given)
        elif name == "v":
            self._in_value = True
        elif name == "row":
            self._row = int(given["r"]) if "r" in given else self._row + 1
            if not 0 < self._row <= _MOST_ROWS:
                raise broken()
            self._cells, self._column = [], -1
        elif name == "f":
            self._formula = True
        elif name == "is":
            self._is_inline = True
            self._inline.clear()
        elif self._is_inline:
            self._inline.start(name)

    def end(self, name: str) -> None:
        self._depth -= 1
        name = self._local(name)
        if name == "v":
            self._in_value = False
        elif name == "c":
            text = self._text()
            if text != "":
                self._cells.append((self._column, text))
        elif name == "row":
            if self._cells:
                self.rows.append((self._row, self._cells))
        elif name == "is":
            self._is_inline = False
            self._value = self._inline.value()
        elif self._is_inline:
            self._inline.end(name)

    def text(self, text: str) -> None:
        if self._in_value:
            if len(self._value) <= LINE_LIMIT:
                self._value += text
        elif self._is_inline:
            self._inline.add(text)

    def _begin_cell(self, given: dict[str, str]) -> None:
        place = given.get("r")
        if place is None:
            self._column += 1
        else:
            letters = place.rstrip(_DIGITS)
            column = self._columns.get(letters)
            self._column = self._column_of(letters) if column is None else column
        if self._column >= _MOST_COLUMNS or len(self._cells) >= _MOST_COLUMNS:
            raise broken()
        self._kind, self._style = given.get("t"), given.get("s")
        self._value = ""
        self._formula = self._in_value = self._is_inline = False

    def _text(self) -> str | Missing:
        value, kind = self._value, self._kind
        if not value:
            return Missing.FORMULA if self._formula and kind != "str" else ""
        if kind == "s":
            return self._strings[int(value)]
        if kind is None or kind == "n":
            if self._style in self._date_styles:
                return date_text(value, from_1904=self._from_1904)
            return number_text(value)
        if kind == "b":
            return _BOOLEANS.get(value, value)
        return unescaped(value) if kind == "str" else value

    def _column_of(self, letters: str) -> int:
        if not (0 < len(letters) <= 3 and letters.isascii() and letters.isalpha()):
            raise broken()
        column = 0
        for letter in letters.upper():
            column = column * 26 + ord(letter) - ord("A") + 1
        self._columns[letters] = column - 1
        return column - 1

    def _local(self, name: str) -> str:
        return local(name) if ":" in name else name
