"""Reads a file's rows as a stream."""

from __future__ import annotations

from collections.abc import Iterator

from producer.migrations.input.card_data.card_columns import CardColumns
from producer.migrations.input.columns.columns import Mapping
from producer.migrations.input.input_file import InputFile
from producer.migrations.input.rows.checks import RowChecks
from producer.migrations.input.values.notes import RowNotes
from producer.migrations.model.rows import BadRow, Row


def open_rows(
    source: InputFile,
    mapping: Mapping,
    *,
    start_number: int = 1,
    cards: CardColumns | None = None,
    notes: RowNotes | None = None,
) -> Iterator[Row | BadRow]:
    """The rows from the given number on, each checked by the contract's rules.

    Rows before it are skipped unchecked. The same file gives the same numbers. `cards` checks
    every column of every row; `notes` counts corrections of values.

    Raises:
        FileRefused: the file is truncated (gzip, a JSON document), or has a column named like
            card data.
        ExtraMissing: the file is Parquet, and pyarrow is not installed.
    """
    checks = RowChecks(mapping, notes)
    row = checks.row
    for number, line, values in source.records(
        checks.wanted, start_number=start_number, cards=cards
    ):
        yield row(number, line, values)
