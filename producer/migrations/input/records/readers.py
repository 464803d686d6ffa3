"""A reader for each form of file, behind one protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Protocol

from producer.migrations.input.card_data.card_columns import CardColumns
from producer.migrations.input.files.formats import Form, Format
from producer.migrations.input.files.size_limits import Bounds
from producer.migrations.input.records.array_records import ArrayReader
from producer.migrations.input.records.csv_records import CsvReader
from producer.migrations.input.records.json_records import JsonLinesReader
from producer.migrations.input.records.mapping_records import MappingReader
from producer.migrations.input.records.parquet_records import ParquetReader
from producer.migrations.input.records.xlsx_records import XlsxReader
from producer.migrations.model.records import Record


class Reader(Protocol):
    """Reads a file once from its start, for its columns or for its records."""

    def columns(self) -> tuple[str, ...]:
        """The file's column names; for some forms those of the first rows.

        Raises:
            FileRefused: there are no columns, or they cannot be read.
            ExtraMissing: reading needs a library that is not installed.
        """

    def records(
        self, wanted: Sequence[str], *, start_number: int = 1, cards: CardColumns | None = None
    ) -> Iterator[Record]:
        """The wanted columns' values of each record from a number on.

        The same file gives the same numbers. `cards` checks every column of every record.

        Raises:
            FileRefused: the file is damaged, or a column is named like card data.
            ExtraMissing: as `columns`.
        """


class _Kind(Protocol):
    def __call__(self, file: BinaryIO, format_: Format, bounds: Bounds | None = None) -> Reader: ...


_KINDS: dict[Form, _Kind] = {
    Form.CSV: CsvReader,
    Form.JSON_LINES: JsonLinesReader,
    Form.JSON_ARRAY: ArrayReader,
    Form.JSON_LIST: ArrayReader,
    Form.JSON_OBJECTS: ArrayReader,
    Form.STRIPE_MAPPING: MappingReader,
    Form.PARQUET: ParquetReader,
    Form.XLSX: XlsxReader,
}


def reader_of(file: BinaryIO, format_: Format, bounds: Bounds | None = None) -> Reader:
    """The reader of an unpacked file: a text stream in UTF-8, or a seekable file.

    `bounds` are for forms that are packed in themselves.
    """
    return _KINDS[format_.form](file, format_, bounds)
