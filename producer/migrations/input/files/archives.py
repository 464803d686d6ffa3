"""Opens zip archives safely and finds the one file in them."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from typing import BinaryIO, cast

from producer.migrations.errors import FileRefused
from producer.migrations.input.card_data.card_columns import shown
from producer.migrations.input.files.size_limits import Bounds
from producer.migrations.texts.reasons import Reason

ZIP = b"PK\x03\x04"
_ZIPS = (ZIP, b"PK\x05\x06", b"PK\x07\x08")  # the latter two: empty, and in several parts
_ENCRYPTED = 1
_END, _END_SIZE = b"PK\x05\x06", 22
_LOCATOR, _LOCATOR_SIZE = b"PK\x06\x07", 20
_LARGE_END, _LARGE_END_SIZE = b"PK\x06\x06", 56
_LONGEST_COMMENT = 1 << 16
# Bytes of the table of contents; an archive of one file has some hundred.
_MOST_CONTENTS = 1 << 20
# Files that operating systems add to an archive.
_ADDED = ("__macosx/", ".ds_store", "thumbs.db", "desktop.ini")
_NAMED = 5
_KINDS = (
    ("xl/workbook.bin", Reason.KIND_XLSB),
    ("word/document.xml", Reason.KIND_WORD),
    ("ppt/presentation.xml", Reason.KIND_POWERPOINT),
    ("index/document.iwa", Reason.KIND_NUMBERS),
)
_ODS = b"application/vnd.oasis.opendocument"


def is_zip(head: bytes) -> bool:
    """Whether a file with these first bytes is a zip archive."""
    return head.startswith(_ZIPS)


def opened_archive(file: BinaryIO) -> zipfile.ZipFile:
    """Open an archive after checking the size of its table of contents.

    Raises:
        FileRefused: the archive is damaged, or holds far too many files.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _LONGEST_COMMENT - _END_SIZE - _LOCATOR_SIZE - _LARGE_END_SIZE))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_SIZE:
        raise _damaged()
    if _contents(tail, at) > _MOST_CONTENTS:
        raise FileRefused("unknown_format", Reason.ZIP_OF_TOO_MANY)
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, OverflowError):
        raise _damaged() from None


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Whether an archive is an Excel workbook (.xlsx).

    Raises:
        FileRefused: it is another program's document.
    """
    names = {name.lower().replace("\\", "/").lstrip("/") for name in archive.namelist()}
    for name, kind in _KINDS:
        if name in names:
            raise FileRefused("unknown_format", Reason.ANOTHER_KIND, what=kind)
    if "mimetype" in names and "content.xml" in names:
        with Member(archive, archive.getinfo("mimetype")) as member:
            if member.read(len(_ODS)) == _ODS:
                kind = Reason.KIND_OPEN_DOCUMENT
                raise FileRefused("unknown_format", Reason.ANOTHER_KIND, what=kind)
    return "[content_types].xml" in names and any(name.startswith("xl/") for name in names)


def only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The archive's only file, apart from those that systems add. Raises FileRefused."""
    found = [one for one in archive.infolist() if not one.is_dir() and not _is_added(one.filename)]
    if not found:
        raise FileRefused("empty_file", Reason.ZIP_EMPTY)
    if len(found) > 1:
        names = ", ".join(shown(one.filename) for one in found[:_NAMED])
        more = ", …" if len(found) > _NAMED else ""
        what = Reason.ZIP_OF_SEVERAL
        raise FileRefused("unknown_format", what, count=len(found), names=names + more)
    return found[0]


class Member:
    """A file in an archive as a stream; a context manager. Raises FileRefused.

    It never yields more bytes than the table of contents states.
    """

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        if info.flag_bits & _ENCRYPTED:
            raise FileRefused("unknown_format", Reason.ZIP_ENCRYPTED)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FileRefused("unknown_format", Reason.ZIP_METHOD)
        try:
            self._file = archive.open(info)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error):
            raise _damaged() from None

    def read(self, size: int = -1) -> bytes:
        """As a file's `read`."""
        try:
            return self._file.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError):
            raise _damaged() from None

    def __enter__(self) -> BinaryIO:
        return cast(BinaryIO, self)

    def __exit__(self, *_: object) -> None:
        self._file.close()


def check_size(file: BinaryIO, infos: list[zipfile.ZipInfo], bounds: Bounds) -> None:
    """Raise FileRefused if these files of the archive are too large when unpacked."""
    bounds.check(sum(one.file_size for one in infos), file.seek(0, os.SEEK_END))


def _contents(tail: bytes, at: int) -> int:
    """Bytes of the table of contents, by its end record or, if there is one, ZIP64's."""
    locator, large = at - _LOCATOR_SIZE, at - _LOCATOR_SIZE - _LARGE_END_SIZE
    if large >= 0 and tail.startswith(_LOCATOR, locator) and tail.startswith(_LARGE_END, large):
        return int(struct.unpack_from("<Q", tail, large + 40)[0])
    return int(struct.unpack_from("<I", tail, at + 12)[0])


def _is_added(name: str) -> bool:
    path = name.lower().replace("\\", "/")
    return path.startswith(_ADDED[0]) or path.rsplit("/", 1)[-1] in _ADDED


def _damaged() -> FileRefused:
    return FileRefused("zip_torn", Reason.ZIP_DAMAGED)
