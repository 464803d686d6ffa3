"""Recognises unsupported kinds of files by their first bytes, so that the error names them."""

from __future__ import annotations

import re

from producer.migrations.errors import FileRefused
from producer.migrations.texts.reasons import Reason

_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Within OLE2: the stream of a password-protected workbook, and that of a Word document.
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_WORD = "WordDocument".encode("utf-16-le")
_KINDS = (
    (b"%PDF", Reason.KIND_PDF),
    (b"{\\rtf", Reason.KIND_WORD),
    (b"\x89PNG", Reason.KIND_PICTURE),
    (b"\xff\xd8\xff", Reason.KIND_PICTURE),
    (b"GIF8", Reason.KIND_PICTURE),
    (b"II*\0", Reason.KIND_PICTURE),
    (b"SQLite format 3\0", Reason.KIND_DATABASE),
    (b"7z\xbc\xaf\x27\x1c", Reason.KIND_ARCHIVE),
    (b"Rar!", Reason.KIND_ARCHIVE),
    (b"BZh", Reason.KIND_ARCHIVE),
    (b"\xfd7zXZ", Reason.KIND_ARCHIVE),
    (b"\x28\xb5\x2f\xfd", Reason.KIND_ARCHIVE),
    (b"ARROW1", Reason.KIND_ARROW),
    (b"Obj\x01", Reason.KIND_AVRO),
)
_HTML = re.compile(r"<(?:!doctype html|html|head|body|table|meta|style)", re.I)
_SPREADSHEET_ML = "urn:schemas-microsoft-com:office:spreadsheet"
_CHECKED = 4_096


def refuse_other_kinds(data: bytes) -> None:
    """Raise FileRefused if a file with these first bytes is of an unsupported kind."""
    if data.startswith(_OLE2):
        if _ENCRYPTED in data:
            raise FileRefused("unknown_format", Reason.PASSWORD)
        kind = Reason.KIND_WORD if _WORD in data else Reason.KIND_OLD_EXCEL
        raise _another_kind(kind)
    for magic, kind in _KINDS:
        if data.startswith(magic):
            raise _another_kind(kind)


def refuse_markup(text: str) -> None:
    """Raise FileRefused if a text is HTML or XML, which some programs name `.xls`."""
    if not text.startswith("<"):
        return
    beginning = text[:_CHECKED]
    if _SPREADSHEET_ML in beginning:
        raise _another_kind(Reason.KIND_EXCEL_XML)
    raise _another_kind(Reason.KIND_HTML if _HTML.search(beginning) else Reason.KIND_XML)


def _another_kind(what: Reason) -> FileRefused:
    return FileRefused("unknown_format", Reason.ANOTHER_KIND, what=what)
