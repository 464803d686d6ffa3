"""From a file to its rows, as a stream."""

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

    Rows before it are read over without being checked. The same file gives the same numbers.
    `cards` is shown every column of every row; `notes` counts what is done about their values.

    Raises:
        FileRefused: the file turns out to be torn (gzip, a JSON document), or to hold a column
            named like card data.
        ExtraMissing: it is Parquet, and pyarrow is not installed.
    """
    checks = RowChecks(mapping, notes)
    row = checks.row
    for number, line, values in source.records(
        checks.wanted, start_number=start_number, cards=cards
    ):
        yield row(number, line, values)
