"""The file of a migration: where it lies, what it is, what it is called."""

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
# Exports of databases and of Stripe have some hundred at most; each is looked at in every row.
_MOST_COLUMNS = 1_000


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that was looked at and is not refused. `digest` is the SHA-256 of its bytes."""

    path: Path
    name: str  # for people: the file's, or "standard input"
    size: int  # bytes on disk
    digest: str
    format: Format
    columns: tuple[str, ...]  # as the file names them; of JSON those of the first rows
    kept: tuple[str, ...] | None = None  # of a stream's copy: the columns that it has
    samples: ColumnSamples = NO_SAMPLES  # of what the columns hold

    def records(
        self,
        wanted: Sequence[str],
        *,
        start_number: int = 1,
        cards: CardColumns | None = None,
        bounds: Bounds | None = None,
    ) -> Iterator[Record]:
        """The wanted columns' values from a record on; `cards` looks at every column.

        `bounds` are of Parquet and Excel: what else is unpacked is read as a stream by who bounds
        it.

        Raises:
            FileRefused: the file turns out to be torn, or a column to be named like card data.
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
    """Look at a file: format, columns, digest, and whether it holds card numbers or CVCs.

    A copy that `spool_input` made opens as the stream it is of. `sheet` is that of a workbook; ""
    is the first that is not hidden.

    Raises:
        FileRefused: it cannot be read, is no known format, or has a column of card data; or it is
            packed, Parquet or Excel and exceeds the bounds; or there is no such sheet.
        ExtraMissing: it is Parquet, and pyarrow is not installed.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) == MAGIC:
                return _copy(path, name)
            looked = look(file, sheet=sheet, bounds=bounds)
            file.seek(0)
            digest = file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as error:
        raise FileRefused.unreadable(error) from error
    name = shown(name or path.name)
    return InputFile(
        path, name, size, digest, looked.format, looked.columns, samples=looked.samples
    )


class Inspection(NamedTuple):
    """What was seen in a file's first rows."""

    format: Format
    columns: tuple[str, ...]
    samples: ColumnSamples


def look(file: BinaryIO, *, sheet: str = "", bounds: Bounds | None = None) -> Inspection:
    """What a file is and holds, once the first rows were judged. Raises as `open_input`."""
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
        columns = _few(reader_of(unpacked, format_, bounds).columns())
        cards = CardColumns(columns)
        found = SampleCollector(columns)
        found.of(_sample(reader_of(unpacked, format_, bounds), columns, cards))
        whole = found.rows < _SAMPLE
        cards.refuse(whole=whole)
    return Inspection(format_, columns, found.samples(whole=whole))


def look_at_head(head: bytes, name: str, sheet: str = "") -> InputFile | None:
    """What a file that begins so is, its first rows judged; None where it must be had whole.

    Raises:
        FileRefused
    """
    beginning = beginning_of_head(head)
    if beginning.archive:
        return None
    format_ = _format(beginning, sheet)
    if not format_.form.is_text:
        return None
    looked = _look_at_text(beginning, format_)
    return InputFile(
        Path(), shown(name), 0, NO_DIGEST, format_, looked.columns, samples=looked.samples
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
    columns = _few(reader_of(io.BytesIO(data), format_).columns())
    cards = CardColumns(columns)
    found = SampleCollector(columns)
    try:
        found.of(_sample(reader_of(io.BytesIO(data), format_), columns, cards))
        whole = found.rows < _SAMPLE and beginning.whole
    except FileRefused as refused:
        # The head may end in the middle of the document; the whole is read by the plan.
        if refused.code != "json_broken":
            raise
        whole = False
    cards.refuse(whole=whole)
    return Inspection(format_, columns, found.samples(whole=whole))


def _few(columns: tuple[str, ...]) -> tuple[str, ...]:
    if len(columns) > _MOST_COLUMNS:
        raise FileRefused("header", Reason.TOO_MANY_COLUMNS, limit=_MOST_COLUMNS)
    return columns


def _sample(reader: Reader, columns: Sequence[str], cards: CardColumns) -> Iterator[Record]:
    return islice(reader.records(columns, cards=cards), _SAMPLE)


__all__ = ["HEAD", "NO_DIGEST", "InputFile", "look", "look_at_head", "open_input"]
