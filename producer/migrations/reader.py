"""From a file to its rows, as a stream."""

from __future__ import annotations

from collections.abc import Iterator

from producer.migrations.columns import Mapping
from producer.migrations.inputs import InputFile
from producer.migrations.rows import BadRow, Row


def open_rows(
    source: InputFile, mapping: Mapping, *, start_number: int = 1
) -> Iterator[Row | BadRow]:
    """The rows from the given number on, each checked by the contract's rules.

    Rows before it are read over without being checked. The same file gives the same numbers.

    Raises:
        FileRefused: the file turns out to be torn (gzip, a JSON document) or to hold card data.
    """
    raise NotImplementedError
