"""The file of a migration: where it lies, what it is, what it is called."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from producer.migrations.bounds import Bounds
from producer.migrations.card_columns import CardColumns, shown
from producer.migrations.copies import MAGIC, CopyHead, copied_records
from producer.migrations.csv_records import csv_records
from producer.migrations.errors import FileRefused
from producer.migrations.evidence import NO_EVIDENCE, Evidence, Gathering
from producer.migrations.formats import (
    Form,
    Format,
    decoded,
    detect,
    header_cells,
    header_place,
    unpacked,
)
from producer.migrations.json_records import json_records, parsed
from producer.migrations.lines import LINE_LIMIT
from producer.migrations.mapping_records import COLUMNS, mapping_records
from producer.migrations.parquet_records import parquet_columns, parquet_records
from producer.migrations.reasons import Reason
from producer.migrations.records import Record

HEAD = 1 << 20
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
    columns: tuple[str, ...]  # as the file names them; of JSON Lines those of the first rows
    kept: tuple[str, ...] | None = None  # of a stream's copy: the columns that it has
    evidence: Evidence = NO_EVIDENCE  # of what the columns hold

    def records(
        self,
        wanted: Sequence[str],
        *,
        start_number: int = 1,
        cards: CardColumns | None = None,
        bounds: Bounds | None = None,
    ) -> Iterator[Record]:
        """The wanted columns' values from a record on; `cards` looks at every column.

        `bounds` are of Parquet: what else is unpacked is read as a stream by who bounds it.

        Raises:
            FileRefused: the file turns out to be torn, or a column to be named like card data.
            ExtraMissing: as `open_input`.
        """
        if self.kept is not None:
            yield from copied_records(self.path, self.kept, wanted, start_number=start_number)
            return
        if self.format.form is Form.PARQUET:
            yield from parquet_records(
                self.path, wanted, start_number=start_number, cards=cards, bounds=bounds
            )
            return
        with self.path.open("rb") as file:
            packed = gzip.GzipFile(fileobj=file) if self.format.gzipped else file
            stream = cast(BinaryIO, packed)
            yield from records_of(stream, self.format, wanted, start_number, cards)


def open_input(path: Path, *, name: str | None = None, bounds: Bounds | None = None) -> InputFile:
    """Look at a file: format, columns, digest, and whether it holds card numbers or CVCs.

    A copy that `spool_input` made opens as the stream it is of.

    Raises:
        FileRefused: it cannot be read, is no known format, or has a column of card data; or it is
            Parquet and exceeds the bounds.
        ExtraMissing: it is Parquet, and pyarrow is not installed.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
            if head.startswith(MAGIC):
                return _copy(path, name)
            format_ = detect(head)
            if format_.form is Form.PARQUET:
                columns, evidence = _look_at_parquet(path, bounds)
            else:
                columns, evidence = look(head, format_)
            file.seek(0)
            digest = file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as error:
        raise FileRefused.unreadable(error) from error
    name = shown(name or path.name)
    return InputFile(path, name, size, digest, format_, columns, evidence=evidence)


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
        evidence=head.evidence,
    )


def records_of(
    stream: BinaryIO,
    format_: Format,
    wanted: Sequence[str],
    start_number: int = 1,
    cards: CardColumns | None = None,
) -> Iterator[Record]:
    """The records of an unpacked stream of any format but Parquet. Raises FileRefused."""
    match format_.form:
        case Form.JSON_LINES:
            return json_records(stream, wanted, start_number=start_number, cards=cards)
        case Form.STRIPE_MAPPING:
            return mapping_records(stream, wanted, start_number=start_number, cards=cards)
        case _:
            return csv_records(
                stream, format_.delimiter, wanted, start_number=start_number, cards=cards
            )


def look(head: bytes, format_: Format) -> tuple[tuple[str, ...], Evidence]:
    """The columns and what they hold, once the first rows were judged. Raises FileRefused."""
    data = unpacked(head)
    columns = _columns(decoded(data), format_)
    if len(columns) > _MOST_COLUMNS:
        raise FileRefused("header", Reason.TOO_MANY_COLUMNS, limit=_MOST_COLUMNS)
    cards = CardColumns(columns)
    whole = max(len(head), len(data)) < HEAD
    if len(data) >= HEAD and format_.form is not Form.STRIPE_MAPPING:
        data = data[: data.rfind(b"\n") + 1]
    found = Gathering(columns)
    try:
        sample = records_of(io.BytesIO(data), format_, columns, cards=cards)
        found.of(islice(sample, _SAMPLE))
        whole = found.rows < _SAMPLE and whole
    except FileRefused as refused:
        # The head may end in the middle of the document; the whole is read by the plan.
        if refused.code != "json_broken":
            raise
        whole = False
    cards.refuse(whole=whole)
    return columns, found.evidence(whole=whole)


def look_at_head(head: bytes, name: str) -> InputFile | None:
    """What a file that begins so is, its first rows judged; None of Parquet, which has no such.

    Raises:
        FileRefused
    """
    format_ = detect(head)
    if format_.form is Form.PARQUET:
        return None
    columns, evidence = look(head, format_)
    return InputFile(Path(), shown(name), 0, NO_DIGEST, format_, columns, evidence=evidence)


def _look_at_parquet(path: Path, bounds: Bounds | None) -> tuple[tuple[str, ...], Evidence]:
    columns = parquet_columns(path)
    if len(columns) > _MOST_COLUMNS:
        raise FileRefused("header", Reason.TOO_MANY_COLUMNS, limit=_MOST_COLUMNS)
    cards = CardColumns(columns)
    sample = islice(parquet_records(path, columns, cards=cards, bounds=bounds), _SAMPLE)
    found = Gathering(columns)
    found.of(sample)
    whole = found.rows < _SAMPLE
    cards.refuse(whole=whole)
    return columns, found.evidence(whole=whole)


def _columns(text: str, format_: Format) -> tuple[str, ...]:
    lines = text.removeprefix("\ufeff").split("\n", _SAMPLE)[:_SAMPLE]
    match format_.form:
        case Form.STRIPE_MAPPING:
            return COLUMNS
        case Form.JSON_LINES:
            rows = (parsed(line) for line in lines)
            return tuple(
                dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row)
            )
        case _:
            header = lines[header_place(lines)]
            if len(header) > LINE_LIMIT:
                raise FileRefused("header", Reason.HEADER_TOO_LONG, limit=LINE_LIMIT)
            return tuple(header_cells(header, format_.delimiter))
