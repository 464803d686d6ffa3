"""Records of a Parquet file, read by pyarrow, an optional extra."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from producer.migrations.errors import ExtraMissing, FileRefused
from producer.migrations.input.card_data.card_columns import CardColumns
from producer.migrations.input.files.formats import Format
from producer.migrations.input.files.size_limits import Bounds
from producer.migrations.input.values.trimming import blank
from producer.migrations.model.records import BLANK, Record
from producer.migrations.texts.reasons import Reason

_BATCH = 5_000
_BUFFER = 1 << 20


class ParquetReader:
    """Reads a Parquet file; `bounds` bound its unpacked size."""

    def __init__(self, file: BinaryIO, format_: Format, bounds: Bounds | None = None) -> None:
        self._path = Path(f"/dev/fd/{file.fileno()}")
        self._bounds = bounds

    def columns(self) -> tuple[str, ...]:
        """The file's top-level columns. Raises ExtraMissing, FileRefused."""
        return tuple(_opened(self._path).schema_arrow.names)

    def records(
        self, wanted: Sequence[str], *, start_number: int = 1, cards: CardColumns | None = None
    ) -> Iterator[Record]:
        """The records from a number on; a record's line is its number.

        Raises:
            ExtraMissing, FileRefused: also if the bounds are exceeded.
        """
        bounds = self._bounds
        packed = self._path.stat().st_size
        unpacked = 0
        number = 0
        file = _opened(self._path)
        if bounds is not None:
            bounds.check(_stated_size(file.metadata), packed)
        # One thread: a plan may use one core of a machine.
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
                    cards.check(row)
            rows = zip(*(values[name] for name in wanted), strict=True)
            for row, whole in zip(rows, zip(*values.values(), strict=True), strict=True):
                number += 1
                if number >= start_number:
                    yield number, number, BLANK if blank(row[:1]) and blank(whole) else row


def _stated_size(metadata: Any) -> int:
    """Unpacked bytes by the table of contents, with at least four for each value."""
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
        # Buffered: a row group may be as large as the file.
        return ParquetFile(path, buffer_size=_BUFFER)
    except ArrowException:
        raise FileRefused("parquet_broken", Reason.PARQUET_BROKEN) from None
