"""Reads a worksheet's rows as a stream: number and texts of the filled cells."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import BinaryIO, TypeAlias

from producer.migrations.input.files.line_blocks import LINE_LIMIT
from producer.migrations.input.workbook.cell_texts import date_text, number_text
from producer.migrations.input.workbook.shared_strings import SharedStrings, unescaped
from producer.migrations.input.workbook.xml_parts import DEEPEST, broken, parse, prefix_of

_MOST_COLUMNS = 16_384  # of Excel
_MOST_ROWS = 1_048_576
_DIGITS = "0123456789"
_BOOLEANS = {"0": "FALSE", "1": "TRUE"}


class Missing(Enum):
    """Stands for a value that the file lacks."""

    FORMULA = "formula"  # a formula that was not calculated


Cells: TypeAlias = list[tuple[int, str | Missing]]


class CellTexts:
    """Texts of cells by their types and styles."""

    def __init__(
        self, strings: SharedStrings, date_styles: frozenset[str], *, from_1904: bool
    ) -> None:
        self._strings = strings
        self._date_styles = date_styles
        self._from_1904 = from_1904

    def text(self, value: str, kind: str | None, style: str | None) -> str:
        """The text as in a CSV file. Raises FileRefused, IndexError, ValueError."""
        if kind == "s":
            return self._strings[int(value)]
        if kind is None or kind == "n":
            if style in self._date_styles:
                return date_text(value, from_1904=self._from_1904)
            return number_text(value)
        if kind == "b":
            return _BOOLEANS.get(value, value)
        return value if kind == "e" else unescaped(value)


def sheet_rows(stream: BinaryIO, texts: CellTexts) -> Iterator[tuple[int, Cells]]:
    """Each row with a filled cell: its number, and column (from 0) and text of filled cells.

    Raises:
        FileRefused: the workbook is damaged.
    """
    rows: list[tuple[int, Cells]] = []
    cells: Cells = []
    parts: list[str] = []
    columns: dict[str, int] = {}
    row, column, size, depth = 0, -1, 0, 0
    kind: str | None = None
    style: str | None = None
    formula = within = False
    row_name = cell_name = value_name = text_name = formula_name = phonetic_name = ""

    # Called for millions of cells: the most frequent tags come first.
    def start(name: str, given: dict[str, str]) -> None:
        nonlocal row, column, size, depth, kind, style, formula, within, cells
        nonlocal row_name, cell_name, value_name, text_name, formula_name, phonetic_name
        if name == cell_name:
            place = given.get("r")
            if place is None:
                column += 1
            else:
                letters = place.rstrip(_DIGITS)
                if letters not in columns:
                    columns[letters] = _column(letters)
                column = columns[letters]
            depth += 1
            if column >= _MOST_COLUMNS or len(cells) >= _MOST_COLUMNS or depth > DEEPEST:
                raise broken()
            kind, style = given.get("t"), given.get("s")
            formula = within = False
            parts.clear()
            size = 0
            return
        if name in (value_name, text_name):
            if within:
                raise broken()
            within = True
            return
        depth += 1
        if depth > DEEPEST:
            raise broken()
        if name == row_name:
            row = int(given["r"]) if "r" in given else row + 1
            if not 0 < row <= _MOST_ROWS:
                raise broken()
            cells, column = [], -1
        elif name == formula_name:
            formula = True
        elif name == phonetic_name:
            text_name = ""
        elif not cell_name:
            prefix = prefix_of(name)
            row_name, cell_name, value_name = prefix + "row", prefix + "c", prefix + "v"
            text_name, formula_name = prefix + "t", prefix + "f"
            phonetic_name = prefix + "rPh"

    def end(name: str) -> None:
        nonlocal within, text_name, depth
        if name in (value_name, text_name):
            within = False
            return
        depth -= 1
        if name == cell_name:
            if parts:
                value = parts[0] if len(parts) == 1 else "".join(parts)
                text: str | Missing = texts.text(value, kind, style)
            else:
                text = Missing.FORMULA if formula and kind != "str" else ""
            if text != "":
                cells.append((column, text))
        elif name == row_name:
            if cells:
                rows.append((row, cells))
        elif name == phonetic_name:
            text_name = value_name[:-1] + "t"

    def add(text: str) -> None:
        nonlocal size
        if within and size <= LINE_LIMIT:
            parts.append(text)
            size += len(text)

    for _ in parse(stream, start, end, add):
        yield from rows
        rows.clear()


def _column(letters: str) -> int:
    if not (0 < len(letters) <= 3 and letters.isascii() and letters.isalpha()):
        raise broken()
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1
