"""Unpacks files: gzip, a zip archive of one file, or not packed."""

from __future__ import annotations

import gzip
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

from producer.migrations.errors import FileRefused
from producer.migrations.input.card_data.card_columns import shown
from producer.migrations.input.files.archives import (
    Member,
    check_size,
    is_workbook,
    is_zip,
    only_member,
    opened_archive,
)
from producer.migrations.input.files.formats import Format
from producer.migrations.input.files.line_blocks import read
from producer.migrations.input.files.size_limits import Bounds
from producer.migrations.input.files.text_encodings import as_utf_8
from producer.migrations.texts.reasons import Reason

HEAD = 1 << 20
_GZIP = b"\x1f\x8b"
# Maximum of unpacked bytes of a gzipped head.
_UNPACKED = 4 << 20


@dataclass(frozen=True, slots=True)
class Beginning:
    """The first unpacked bytes of a file and its packing; `whole` if there are no more.

    `archive`: the unpacked bytes are a zip archive, such as an Excel workbook.
    """

    data: bytes
    whole: bool
    gzipped: bool = False
    member: str = ""

    @property
    def archive(self) -> bool:
        return is_zip(self.data)


def beginning_of_head(head: bytes) -> Beginning:
    """The beginning, from at most the first HEAD bytes of a file; a zip archive stays packed.

    Raises:
        FileRefused: the file is damaged, or packed twice.
    """
    if not head.startswith(_GZIP):
        return Beginning(head, len(head) < HEAD)
    try:
        data = zlib.decompressobj(wbits=31).decompress(head, _UNPACKED)
    except zlib.error:
        raise FileRefused("gzip_torn", Reason.GZIP_DAMAGED) from None
    if data.startswith(_GZIP):
        raise FileRefused("unknown_format", Reason.GZIP_TWICE)
    return Beginning(data, max(len(head), len(data)) < HEAD, gzipped=True)


def beginning_of(file: BinaryIO, bounds: Bounds | None = None) -> Beginning:
    """The beginning of a seekable file.

    Raises:
        FileRefused: the file is damaged, packed twice, or an archive of several files.
    """
    file.seek(0)
    head = file.read(HEAD)
    found = beginning_of_head(head)
    if found.gzipped or not found.archive:
        return found
    archive = opened_archive(file)
    if is_workbook(archive):
        return found
    info = only_member(archive)
    if bounds is not None:
        check_size(file, [info], bounds)
    with Member(archive, info) as member:
        data = _first(member)
    if data.startswith(_GZIP):
        raise FileRefused("unknown_format", Reason.GZIP_TWICE)
    return Beginning(data, len(data) < HEAD, member=shown(info.filename) or "?")


@contextmanager
def content(file: BinaryIO, format_: Format, bounds: Bounds | None = None) -> Iterator[BinaryIO]:
    """The unpacked file: text as a stream in UTF-8, other forms as a seekable file.

    `bounds` apply to files that are unpacked to disk; the caller bounds a stream.

    Raises:
        FileRefused: the file is damaged; for a stream, on reading.
    """
    with _unpacked(file, format_) as stream:
        if format_.form.is_text:
            yield as_utf_8(stream, format_.encoding)
        elif not format_.packed:
            yield file
        else:
            with tempfile.TemporaryFile() as whole:
                packed = file.seek(0, 2)
                file.seek(0)
                while chunk := read(stream):
                    whole.write(chunk)
                    if bounds is not None:
                        bounds.check(whole.tell(), packed)
                whole.seek(0)
                yield cast(BinaryIO, whole)


@contextmanager
def _unpacked(file: BinaryIO, format_: Format) -> Iterator[BinaryIO]:
    if format_.gzipped:
        yield cast(BinaryIO, gzip.GzipFile(fileobj=file))
    elif format_.member:
        archive = opened_archive(file)
        with Member(archive, only_member(archive)) as member:
            yield member
    else:
        yield file


def _first(stream: BinaryIO) -> bytes:
    data = b""
    while len(data) < HEAD and (chunk := stream.read(HEAD - len(data))):
        data += chunk
    return data
