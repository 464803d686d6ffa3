"""The input file of a migration: path, format and columns."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from producer.migrations.errors import FileRefused
from producer.migrations.input.card_data.card_columns import CardColumns, shown
from producer.migrations.input.detection import detected
from producer.migrations.input.files.archives import is_workbook, opened_archive
from producer.migrations.input.files.formats import Form, Format
from producer.migrations.input.files.packing import (
    HEAD,
    Beginning,
    beginning_of,
    beginning_of_head,
    content,
)
from producer.migrations.input.files.size_limits import Bounds
from producer.migrations.input.files.text_encodings import as_utf_8
from producer.migrations.input.records.readers import Reader, reader_of
from producer.migrations.input.stored_copies import MAGIC, CopyHead, copied_records
from producer.migrations.input.values.column_samples import (
    NO_SAMPLES,
    ColumnSamples,
    SampleCollector,
)
from producer.migrations.input.workbook.workbook import Workbook
from producer.migrations.model.records import Record
from producer.migrations.texts.reasons import Reason

NO_DIGEST = "0" * 64
_SAMPLE = 1_000  # rows
# Exports of databases and of Stripe have at most some hundred; each is checked in every row.
_MOST_COLUMNS = 1_000


@dataclass(frozen=True, slots=True)
class InputFile:
    """An accepted file. `digest` is the SHA-256 of its bytes."""

    path: Path
    name: str  # for people: the file's name, or "standard input"
    size: int  # bytes on disk
    digest: str
    format: Format
    columns: tuple[str, ...]  # the file's names; of JSON those of the first rows
    kept: tuple[str, ...] | None = None  # of a stream's copy: the columns that it keeps
    samples: ColumnSamples = NO_SAMPLES  # what the columns of the first rows hold

    def records(
        self,
        wanted: Sequence[str],
        *,
        start_number: int = 1,
        cards: CardColumns | None = None,
        bounds: Bounds | None = None,
    ) -> Iterator[Record]:
        """The wanted columns' values from a record on; `cards` checks every column.

        `bounds` apply to Parquet and Excel; for other forms the caller bounds the stream.

        Raises:
            FileRefused: the file is truncated, or a column is named like card data.
            ExtraMissing: as `open_input`.
        """
        if self.kept is not None:
            yield from copied_records(self.path, self.kept, wanted, start_number=start_number)
            return
        with self.path.open("rb") as file, content(file, self.format, bounds) as unpacked:
            reader = reader_of(unpacked, self.format, bounds)
            yield from reader.records(wanted, start_number=start_number, cards=cards)


def open_input(
    path: Path, *, name: str | None = None, sheet: str = "", bounds: Bounds | None = None
) -> InputFile:
    """Find a file's format, columns and digest, and check it for card numbers and CVCs.

    A copy made by `spool_input` opens as its original stream. `sheet` selects a workbook's sheet;
    "" is the first that is not hidden.

    Raises:
        FileRefused: the file cannot be read, has no supported format, or has a column of card
            data; or it is packed, Parquet or Excel and exceeds the bounds; or it has no such sheet.
        ExtraMissing: the file is Parquet, and pyarrow is not installed.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) == MAGIC:
                return _copy(path, name)
            found = look_at_file(file, sheet=sheet, bounds=bounds)
            file.seek(0)
            digest = file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as error:
        raise FileRefused.unreadable(error) from error
    name = shown(name or path.name)
    return InputFile(path, name, size, digest, found.format, found.columns, samples=found.samples)


class Inspection(NamedTuple):
    """What a file's first rows show."""

    format: Format
    columns: tuple[str, ...]
    samples: ColumnSamples


def look_at_file(file: BinaryIO, *, sheet: str = "", bounds: Bounds | None = None) -> Inspection:
    """Find a file's format and columns, and check its first rows. Raises as `open_input`."""
    beginning = beginning_of(file, bounds)
    format_ = _format(beginning, sheet)
    if format_.form.is_text:
        return _look_at_text(beginning, format_)
    file.seek(0)
    with content(file, format_, bounds) as unpacked:
        if format_.form is Form.XLSX:
            if format_.packed and not is_workbook(opened_archive(unpacked)):
                raise FileRefused("unknown_format", Reason.ZIP_IN_ZIP)
            format_ = Workbook(unpacked, bounds).format_of(format_, sheet)
        columns = _bounded(reader_of(unpacked, format_, bounds).columns())
        cards = CardColumns(columns)
        collector = SampleCollector(columns)
        collector.add(_sample(reader_of(unpacked, format_, bounds), columns, cards))
        whole = collector.rows < _SAMPLE
        cards.refuse(whole=whole)
    return Inspection(format_, columns, collector.samples(whole=whole))


def look_at_head(head: bytes, name: str, sheet: str = "") -> InputFile | None:
    """As `look_at_file`, from a file's first bytes; None if the whole file is needed.

    Raises:
        FileRefused
    """
    beginning = beginning_of_head(head)
    if beginning.archive:
        return None
    format_ = _format(beginning, sheet)
    if not format_.form.is_text:
        return None
    found = _look_at_text(beginning, format_)
    return InputFile(
        Path(), shown(name), 0, NO_DIGEST, format_, found.columns, samples=found.samples
    )


def _format(beginning: Beginning, sheet: str) -> Format:
    if beginning.archive:
        return Format(Form.XLSX, beginning.gzipped, member=beginning.member)
    format_ = detected(beginning.data, gzipped=beginning.gzipped, member=beginning.member)
    if sheet:
        raise FileRefused("no_such_sheet", Reason.NO_SHEETS, sheet=shown(sheet))
    return format_


def _copy(path: Path, name: str | None) -> InputFile:
    head = CopyHead.read(path)
    return InputFile(
        path=path,
        name=shown(name or path.name),
        size=head.size,
        digest=head.digest,
        format=head.format,
        columns=head.columns,
        kept=head.kept,
        samples=head.samples,
    )


def _look_at_text(beginning: Beginning, format_: Format) -> Inspection:
    data = as_utf_8(io.BytesIO(beginning.data), format_.encoding).read()
    if not beginning.whole and format_.form in (Form.CSV, Form.JSON_LINES):
        data = data[: data.rfind(format_.line_end.char.encode()) + 1]
    columns = _bounded(reader_of(io.BytesIO(data), format_).columns())
    cards = CardColumns(columns)
    collector = SampleCollector(columns)
    try:
        collector.add(_sample(reader_of(io.BytesIO(data), format_), columns, cards))
        whole = collector.rows < _SAMPLE and beginning.whole
    except FileRefused as refused:
        # The first bytes may end inside the document; the plan reads all of it.
        if refused.code != "json_broken":
            raise
        whole = False
    cards.refuse(whole=whole)
    return Inspection(format_, columns, collector.samples(whole=whole))


def _bounded(columns: tuple[str, ...]) -> tuple[str, ...]:
    if len(columns) > _MOST_COLUMNS:
        raise FileRefused("header", Reason.TOO_MANY_COLUMNS, limit=_MOST_COLUMNS)
    return columns


def _sample(reader: Reader, columns: Sequence[str], cards: CardColumns) -> Iterator[Record]:
    return islice(reader.records(columns, cards=cards), _SAMPLE)


__all__ = ["HEAD", "NO_DIGEST", "InputFile", "look_at_file", "look_at_head", "open_input"]
