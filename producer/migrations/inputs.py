"""The file of a migration: where it lies, what it is, what it is called."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import file_digest, sha256
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from producer.migrations.card_columns import CardColumns
from producer.migrations.csv_records import csv_records
from producer.migrations.errors import FileRefused
from producer.migrations.formats import Form, Format, decoded, detect, header_cells, unpacked
from producer.migrations.json_records import json_records, parsed
from producer.migrations.lines import LINE_LIMIT
from producer.migrations.mapping_records import COLUMNS, mapping_records
from producer.migrations.parquet_records import parquet_columns, parquet_records
from producer.migrations.records import Record

_HEAD = 1 << 20
_SAMPLE = 1_000  # rows


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that was looked at and is not refused. `digest` is the SHA-256 of its bytes."""

    path: Path
    name: str  # for people: the file's, or "standard input"
    size: int  # bytes on disk
    digest: str
    format: Format
    columns: tuple[str, ...]  # as the file names them; of JSON Lines those of the first rows

    def records(
        self, wanted: Sequence[str], *, start_number: int = 1, cards: CardColumns | None = None
    ) -> Iterator[Record]:
        """The wanted columns' values from a record on; `cards` looks at every column.

        Raises:
            FileRefused: the file turns out to be torn, or a column to be named like card data.
            ExtraMissing: as `open_input`.
        """
        if self.format.form is Form.PARQUET:
            yield from parquet_records(self.path, wanted, start_number=start_number, cards=cards)
            return
        with self.path.open("rb") as file:
            packed = gzip.GzipFile(fileobj=file) if self.format.gzipped else file
            stream = cast(BinaryIO, packed)
            yield from _records(stream, self.format, wanted, start_number, cards)


def open_input(path: Path, *, name: str | None = None) -> InputFile:
    """Look at a file: format, columns, digest, and whether it holds card numbers or CVCs.

    Raises:
        FileRefused: it cannot be read, is no known format, or has a column of card data.
        ExtraMissing: it is Parquet, and pyarrow is not installed.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            format_ = detect(head)
            if format_.form is Form.PARQUET:
                columns = _look_at_parquet(path)
            else:
                columns = _look(head, format_)
            file.seek(0)
            digest = file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as error:
        raise FileRefused("unreadable_file", f"cannot read it: {error.strerror}") from error
    return InputFile(path, name or path.name, size, digest, format_, columns)


def spool_input(stream: BinaryIO, folder: Path, *, name: str = "standard input") -> InputFile:
    """Copy a stream into the folder, mode 0600, named by its digest, and look at it.

    The first rows are judged before anything is written; what is refused later is removed again.

    Raises:
        As `open_input`; OSError where it cannot be written.
    """
    head = _read_head(stream)
    format_ = detect(head)
    if format_.form is not Form.PARQUET:
        _look(head, format_)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, spooled = tempfile.mkstemp(dir=folder, prefix="input-")
    path = Path(spooled)
    try:
        digest = sha256()
        with os.fdopen(handle, "wb") as file:
            chunk = head
            while chunk:
                digest.update(chunk)
                file.write(chunk)
                chunk = stream.read(_HEAD)
            file.flush()
            os.fsync(file.fileno())
        found = open_input(path, name=name)
        kept = folder / f"input-{digest.hexdigest()[:32]}"
        path.replace(kept)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return replace(found, path=kept)


def _records(
    stream: BinaryIO,
    format_: Format,
    wanted: Sequence[str],
    start_number: int = 1,
    cards: CardColumns | None = None,
) -> Iterator[Record]:
    match format_.form:
        case Form.JSON_LINES:
            return json_records(stream, wanted, start_number=start_number, cards=cards)
        case Form.STRIPE_MAPPING:
            return mapping_records(stream, wanted, start_number=start_number, cards=cards)
        case _:
            return csv_records(
                stream, format_.delimiter, wanted, start_number=start_number, cards=cards
            )


def _look(head: bytes, format_: Format) -> tuple[str, ...]:
    """The columns, once the first rows were judged. Raises FileRefused."""
    data = unpacked(head)
    columns = _columns(decoded(data), format_)
    cards = CardColumns(columns)
    if len(data) >= _HEAD and format_.form is not Form.STRIPE_MAPPING:
        data = data[: data.rfind(b"\n") + 1]
    try:
        sample = _records(io.BytesIO(data), format_, columns, cards=cards)
        for _ in islice(sample, _SAMPLE):
            pass
    except FileRefused as refused:
        # The head may end in the middle of the document; the whole is read by the plan.
        if refused.code != "json_broken":
            raise
    cards.refuse()
    return columns


def _look_at_parquet(path: Path) -> tuple[str, ...]:
    columns = parquet_columns(path)
    cards = CardColumns(columns)
    for _ in islice(parquet_records(path, columns, cards=cards), _SAMPLE):
        pass
    cards.refuse()
    return columns


def _columns(text: str, format_: Format) -> tuple[str, ...]:
    lines = text.removeprefix("\ufeff").lstrip("\r\n \t").split("\n", _SAMPLE)[:_SAMPLE]
    match format_.form:
        case Form.STRIPE_MAPPING:
            return COLUMNS
        case Form.JSON_LINES:
            rows = (parsed(line) for line in lines)
            return tuple(
                dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row)
            )
        case _:
            if len(lines[0]) > LINE_LIMIT:
                raise FileRefused("header", f"the header has more than {LINE_LIMIT} characters")
            return tuple(header_cells(lines[0].rstrip("\r"), format_.delimiter))


def _read_head(stream: BinaryIO) -> bytes:
    """A stream may answer less than it was asked for, with more to come."""
    head = b""
    while len(head) < _HEAD and (chunk := stream.read(_HEAD - len(head))):
        head += chunk
    return head
