"""Records of a Parquet file, by pyarrow, which is an extra."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from producer.migrations.bounds import Bounds
from producer.migrations.card_columns import CardColumns
from producer.migrations.edges import blank
from producer.migrations.errors import ExtraMissing, FileRefused
from producer.migrations.reasons import Reason
from producer.migrations.records import BLANK, Record

_BATCH = 5_000
_BUFFER = 1 << 20


def parquet_columns(path: Path) -> tuple[str, ...]:
    """The file's columns, those within others not. Raises ExtraMissing, FileRefused."""
    return tuple(_opened(path).schema_arrow.names)


def parquet_records(
    path: Path,
    wanted: Sequence[str],
    *,
    start_number: int = 1,
    cards: CardColumns | None = None,
    bounds: Bounds | None = None,
) -> Iterator[Record]:
    """The records from a number on; a record's line is its number. `cards` looks at all columns.

    Raises:
        ExtraMissing, FileRefused: also where `bounds` are exceeded.
    """
    packed = path.stat().st_size
    unpacked = 0
    number = 0
    file = _opened(path)
    if bounds is not None:
        bounds.check(_said_to_be(file.metadata), packed)
    # By one thread: what a plan may take of a machine is one core.
    for batch in file.iter_batches(batch_size=_BATCH, use_threads=False):
        unpacked += batch.nbytes
        if bounds is not None:
            bounds.check(unpacked, packed)
        if number + batch.num_rows < start_number:
            number += batch.num_rows
            continue
        values = batch.to_pydict()
        if cards is not None:
            for row in zip(*values.values(), strict=True):
                cards.see(row)
        wholes = zip(*values.values(), strict=True)
        for row, whole in zip(
            zip(*(values[name] for name in wanted), strict=True), wholes, strict=True
        ):
            number += 1
            if number >= start_number:
                yield number, number, BLANK if blank(row[:1]) and blank(whole) else row


def _said_to_be(metadata: Any) -> int:
    """Bytes it comes to, by its table of contents: whatever was packed away, a value takes four."""
    groups = range(metadata.num_row_groups)
    pages = sum(metadata.row_group(group).total_byte_size for group in groups)
    return int(max(pages, 4 * metadata.num_rows * metadata.num_columns))


def _opened(path: Path) -> Any:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise ExtraMissing("parquet", Reason.READING_PARQUET) from None
    try:
        # Read in pieces: a row group may be as large as the file.
        return ParquetFile(path, buffer_size=_BUFFER)
    except ArrowException:
        raise FileRefused("parquet_broken", Reason.PARQUET_BROKEN) from None
