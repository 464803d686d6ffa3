"""Records of a sheet of an Excel workbook (.xlsx)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import BinaryIO

from producer.migrations.errors import FileRefused
from producer.migrations.input.card_data.card_columns import CardColumns
from producer.migrations.input.files.formats import Format
from producer.migrations.input.files.size_limits import Bounds
from producer.migrations.input.records.csv_header import header_place
from producer.migrations.input.records.picking import picker
from producer.migrations.input.values.trimming import blank
from producer.migrations.input.workbook.sheet_rows import Cells, CellTexts, Missing, sheet_rows
from producer.migrations.input.workbook.workbook import Workbook
from producer.migrations.model.records import BLANK, Fault, Record
from producer.migrations.texts.reasons import Reason

# Rows that are searched for the header, and that determine the table's width.
_FIRST = 1_000
_WIDE = 1_000  # maximum columns, unless the header has more
_UNCALCULATED = "the cell's formula has no value in the file"


class XlsxReader:
    """Reads a sheet with cells as in a CSV file, without empty rows."""

    def __init__(self, file: BinaryIO, format_: Format, bounds: Bounds | None = None) -> None:
        self._book = Workbook(file, bounds)
        self._sheet = self._book.chosen(format_.sheet)
        self._book.check(self._sheet)

    def columns(self) -> tuple[str, ...]:
        """The header's names; "" for a column without one. Raises FileRefused."""
        with self._book.opened(self._sheet.part) as stream:
            return _Table(self._rows(stream)).names

    def records(
        self, wanted: Sequence[str], *, start_number: int = 1, cards: CardColumns | None = None
    ) -> Iterator[Record]:
        """The records from a number on; a record's line is the row's number in the sheet.

        Raises FileRefused.
        """
        with self._book.opened(self._sheet.part) as stream:
            table = _Table(self._rows(stream))
            width = len(table.names)
            places = [table.names.index(name) for name in wanted]
            pick = picker(places)
            for number, (row, cells) in enumerate(table.rows, 1):
                if number < start_number:
                    continue
                values: list[str | Missing] = [""] * width
                for column, text in cells:
                    if column < width:
                        values[column] = text
                if cards is not None:
                    text = " ".join(text for _, text in cells if isinstance(text, str))
                    cards.check(values, thorough=cards.may_hold_card_data(text))
                picked = pick(values)
                if Missing.FORMULA in picked:
                    name = wanted[picked.index(Missing.FORMULA)]
                    yield number, row, Fault("formula_not_calculated", _UNCALCULATED, name)
                else:
                    yield number, row, BLANK if blank(picked[:1]) and blank(values) else picked

    def _rows(self, stream: BinaryIO) -> Iterator[tuple[int, Cells]]:
        book = self._book
        texts = CellTexts(book.strings(), book.date_styles(), from_1904=book.from_1904)
        return sheet_rows(stream, texts)


class _Table:
    """A sheet's header, and the rows after it."""

    def __init__(self, rows: Iterator[tuple[int, Cells]]) -> None:
        first = list(islice(rows, _FIRST))
        if not first:
            raise FileRefused("empty_file", Reason.SHEET_EMPTY)
        place = header_place([[str(text) for _, text in cells] for _, cells in first[:40]])
        header = first[place][1]
        named = max(column for column, _ in header) + 1
        filled = max(column for _, cells in first[place:] for column, _ in cells) + 1
        width = max(named, min(filled, _WIDE))
        names = [""] * width
        for column, text in header:
            if isinstance(text, str):
                names[column] = text.strip()
        self.names = tuple(names)
        self.rows = chain(first[place + 1 :], rows)
