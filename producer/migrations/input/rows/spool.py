"""Copies what a migration needs of a stream, so that it can be read again."""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, cast

from producer.contract.refusals import CardNumberRefused
from producer.migrations.input.card_data.card_columns import CardColumns
from producer.migrations.input.columns.columns import Mapping, map_columns
from producer.migrations.input.files.line_blocks import read
from producer.migrations.input.files.packing import HEAD, beginning_of_head, content
from producer.migrations.input.files.size_limits import Bounds
from producer.migrations.input.input_file import NO_DIGEST, InputFile, look_at_head, open_input
from producer.migrations.input.records.readers import reader_of
from producer.migrations.input.rows.checks import RowChecks
from producer.migrations.input.stored_copies import CopyHead, copied_line
from producer.migrations.model.records import Fault, Record
from producer.migrations.model.rows import BadRow
from producer.migrations.storage.data_directory import made_private

# Codes of rows whose values a copy leaves out: card data, and values too long for an id.
_LEFT_OUT = (CardNumberRefused.code, "field_too_long")


def spool_input(
    stream: BinaryIO,
    folder: Path,
    *,
    name: str = "standard input",
    sheet: str = "",
    mapped: Callable[[InputFile], Mapping] = map_columns,
    bounds: Bounds | None = None,
) -> InputFile:
    """Copy a stream into the folder, mode 0600, and open the copy.

    Only columns that `mapped` uses are kept, without card numbers and CVCs. The digest is that of
    the original bytes, so the copy is the same migration as the file itself; `open_input` opens it
    again. The first rows are checked before anything is written, and a copy that is rejected later
    is removed.

    Raises:
        As `open_input` and `mapped`; OSError if the copy cannot be written.
    """
    digesting = _DigestingStream(stream)
    source = look_at_head(digesting.peek(), name, sheet)
    if source is None:
        return _spool_whole(digesting, folder, name, sheet, mapped)
    format_ = source.format
    checks = RowChecks(mapped(source))
    cards = CardColumns(source.columns)
    with content(cast(BinaryIO, digesting), format_) as unpacked:
        records = reader_of(unpacked, format_).records(checks.wanted, cards=cards)
        return write_copy(records, source, checks, folder, digesting.end, cards, bounds)


def spool_file(
    path: Path,
    folder: Path,
    *,
    name: str,
    sheet: str = "",
    mapped: Callable[[InputFile], Mapping] = map_columns,
    bounds: Bounds | None = None,
) -> InputFile:
    """As `spool_input`, for a file, which may be read more than once."""
    with path.open("rb") as stream:
        beginning = beginning_of_head(stream.read(HEAD))
        stream.seek(0)
        if beginning.gzipped and bounds is not None:
            _check_unpacked(stream, bounds)
            stream.seek(0)
        if look_at_head(stream.read(HEAD), name, sheet) is not None:
            stream.seek(0)
            return spool_input(stream, folder, name=name, sheet=sheet, mapped=mapped, bounds=bounds)
    return _copy_file(path, folder, name, sheet, mapped, bounds)


def _check_unpacked(packed: BinaryIO, bounds: Bounds) -> None:
    """Unpack without storing: that takes a hundredth of the time of reading the rows.

    Raises:
        FileRefused: the file is too large or truncated.
    """
    size = 0
    opened = cast(BinaryIO, gzip.GzipFile(fileobj=packed))
    while chunk := read(opened):
        size += len(chunk)
        bounds.check(size, packed.tell())


def _spool_whole(
    stream: _DigestingStream,
    folder: Path,
    name: str,
    sheet: str,
    mapped: Callable[[InputFile], Mapping],
) -> InputFile:
    """Spool a file with its table of contents at the end: it is stored whole while it is read."""
    with tempfile.TemporaryDirectory(prefix="input-", dir=made_private(folder)) as whole:
        path = Path(whole) / "whole"
        handle = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(cast(BinaryIO, stream), file, HEAD)
        return _copy_file(path, folder, name, sheet, mapped, None)


def _copy_file(
    path: Path,
    folder: Path,
    name: str,
    sheet: str,
    mapped: Callable[[InputFile], Mapping],
    bounds: Bounds | None,
) -> InputFile:
    source = open_input(path, name=name, sheet=sheet, bounds=bounds)
    checks = RowChecks(mapped(source))
    cards = CardColumns(source.columns)
    records = source.records(checks.wanted, cards=cards, bounds=bounds)
    known = source.digest, source.size
    return write_copy(records, source, checks, folder, lambda: known, cards, bounds)


def write_copy(
    records: Iterator[Record],
    source: InputFile,
    checks: RowChecks,
    folder: Path,
    end: Callable[[], tuple[str, int]],
    cards: CardColumns,
    bounds: Bounds | None = None,
) -> InputFile:
    """Write the records' wanted columns as a copy into the folder, and open it.

    `end` returns digest and size once all records were read.

    Raises:
        FileRefused: by the reader, by `cards` or by the bounds; OSError. Then no file is left.
    """
    kept = tuple(dict.fromkeys(checks.wanted))
    places = [checks.wanted.index(column) for column in kept]
    copied = 0
    head = CopyHead(NO_DIGEST, 0, source.format, source.columns, kept, source.samples)
    with _written(made_private(folder)) as (file, path):
        file.write(head.line())
        for number, line, values in records:
            row = checks.row(number, line, values)
            fault = checks.fault(values) if isinstance(row, BadRow) else None
            if isinstance(values, Fault) or (fault is not None and fault.code in _LEFT_OUT):
                copied += file.write(copied_line(line, fault or ()).encode())
            else:
                storable = checks.storable(values)
                stored = [storable[place] for place in places]
                copied += file.write(copied_line(line, stored).encode())
            if bounds is not None:
                bounds.check_copied(copied)
        cards.refuse()
        digest, size = end()
        head = replace(head, digest=digest, size=size)
        file.seek(0)
        file.write(head.line())
    columns = sha256("\0".join(kept).encode()).hexdigest()[:8]
    final = folder / f"input-{digest[:32]}-{columns}"
    path.replace(final)
    return replace(source, path=final, size=size, digest=digest, kept=kept)


@contextmanager
def _written(folder: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file, durable at the end, and removed after an error."""
    handle, name = tempfile.mkstemp(dir=folder, prefix="input-")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file, Path(name)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class _DigestingStream:
    """A stream that counts and digests its bytes as they are read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = sha256()
        self.size = 0
        self._ahead = b""

    def peek(self) -> bytes:
        """The first bytes. A stream may return less than requested before its end."""
        while len(self._ahead) < HEAD and (chunk := self._stream.read(HEAD - len(self._ahead))):
            self._ahead += chunk
        return self._ahead

    def read(self, size: int = -1) -> bytes:
        """As a file's `read`."""
        if self._ahead:
            size = len(self._ahead) if size < 0 else size
            chunk, self._ahead = self._ahead[:size], self._ahead[size:]
        else:
            chunk = self._stream.read(size)
        self._digest.update(chunk)
        self.size += len(chunk)
        return chunk

    def end(self) -> tuple[str, int]:
        """Read the rest; return digest and number of all bytes."""
        while self.read(HEAD):
            pass
        return self._digest.hexdigest(), self.size
