"""Formats are detected from bytes, whatever the file's name."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from producer.migrations.errors import FileRefused
from producer.migrations.input.files.formats import Encoding, Form, Format, LineEnd
from producer.migrations.input.input_file import look_at_file

CSV = "userId,source\ncus_1,tok_1\n"
ROW = '{"userId": "cus_1", "source": "tok_1"}'


def zipped(**members: bytes) -> bytes:
    """A zip archive of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            path = name.replace("_DOT_", ".").replace("_SLASH_", "/")
            archive.writestr(zipfile.ZipInfo(path), data)
    return out.getvalue()


def packed(data: bytes) -> bytes:
    """Gzipped bytes, without a time stamp."""
    return gzip.compress(data, mtime=0)


def found(data: bytes) -> Format:
    """The detected format of these bytes."""
    return look_at_file(io.BytesIO(data))[0]


@pytest.mark.parametrize(
    ("head", "format_"),
    [
        (CSV.encode(), Format(Form.CSV)),
        (b"userId;source\r\ncus_1;tok_1\r\n", Format(Form.CSV, False, ";", line_end=LineEnd.CRLF)),
        (b"userId\tsource\n", Format(Form.CSV, delimiter="\t")),
        (b"userId|source\n", Format(Form.CSV, delimiter="|")),
        (b'"a;b;c",userId,source\n', Format(Form.CSV)),
        (b"userId,source\rcus_1,tok_1\r", Format(Form.CSV, line_end=LineEnd.CR)),
        (b"userId,source\rcus_1,tok_1\ncus_2,tok_2\n", Format(Form.CSV, line_end=LineEnd.MIXED)),
        (b'userId,source\r\n"cus\n1",tok_1\r\n', Format(Form.CSV, line_end=LineEnd.CRLF)),
        (b"sep=;\nuserId;source\n", Format(Form.CSV, False, ";", separator_line=True)),
        (b'"SEP=^"\nuserId^a,b,c\n', Format(Form.CSV, False, "^", separator_line=True)),
        (
            b"userId;source;the note, such as, this\ncus_1;tok_1;\ncus_2;tok_2;1,50\n",
            Format(Form.CSV, delimiter=";"),
        ),
        (b"customer\ncus_1\n", Format(Form.CSV)),
        (b"[userId],[source]\n[cus_1],[tok_1]\n", Format(Form.CSV)),
        (b"\xef\xbb\xbfuserId,source\n", Format(Form.CSV, encoding=Encoding.UTF_8_BOM)),
        ("userId,né\n".encode(), Format(Form.CSV)),
        ("userId,né\n".encode("latin-1"), Format(Form.CSV, encoding=Encoding.WINDOWS_1252)),
        ("userId,ñé\x80é\n".encode() + b"\xff", Format(Form.CSV)),
        (
            "\ufeffuserId\tsource\r\n".encode("utf-16-le"),
            Format(Form.CSV, False, "\t", Encoding.UTF_16_LE, LineEnd.CRLF),
        ),
        (
            "\ufeff".encode("utf-16-be") + CSV.encode("utf-16-be"),
            Format(Form.CSV, False, ",", Encoding.UTF_16_BE),
        ),
        (CSV.encode("utf-16-le"), Format(Form.CSV, False, ",", Encoding.UTF_16_LE)),
        (CSV.encode("utf-32"), Format(Form.CSV, False, ",", Encoding.UTF_32_LE)),
        (f"{ROW}\n".encode(), Format(Form.JSON_LINES)),
        (f"{ROW}\r\n{ROW}\r\n".encode(), Format(Form.JSON_LINES, line_end=LineEnd.CRLF)),
        (b'{"meta": {"id": 1}, "userId": "cus_1"}\n', Format(Form.JSON_LINES)),
        (b'{"userId": broken\n', Format(Form.JSON_LINES)),
        (f"[{ROW}]".encode(), Format(Form.JSON_ARRAY)),
        (f"\n [\n{ROW},\n{ROW}\n]\n".encode(), Format(Form.JSON_ARRAY)),
        (b'{"object": "list", "data": [\n' + ROW.encode() + b"]}", Format(Form.JSON_LIST)),
        (b'{"userId": "cus_1",\n "source": "tok_1"}\n', Format(Form.JSON_OBJECTS)),
        (f"{ROW}{ROW}".encode(), Format(Form.JSON_OBJECTS)),
        (b'{"1893": {"id": "cus_1", "cards": {}}}', Format(Form.STRIPE_MAPPING)),
        (b'{\n "1": {\n "id": "cus_1", "cards": {"2": {"id": "c"}}}', Format(Form.STRIPE_MAPPING)),
        (packed(CSV.encode()), Format(Form.CSV, gzipped=True)),
        (packed(f"{ROW}\n".encode()), Format(Form.JSON_LINES, gzipped=True)),
        (zipped(cards_DOT_csv=CSV.encode()), Format(Form.CSV, member="cards.csv")),
        (
            zipped(__MACOSX_SLASH_x=b"x", cards=f"[{ROW}]".encode(), _DOT_DS_Store=b"x"),
            Format(Form.JSON_ARRAY, member="cards"),
        ),
    ],
)
def test_a_format_is_detected(head: bytes, format_: Format) -> None:
    """Form, packing, encoding, line ends and separator are detected from the bytes."""
    assert found(head) == format_
    assert Format.known(format_.fields()) == format_


@pytest.mark.parametrize(
    ("head", "code", "text"),
    [
        (b"", "empty_file", "is empty"),
        (b"\n\n", "empty_file", "is empty"),
        (b"PK\x03\x04rest", "zip_torn", "damaged"),
        (zipped(), "empty_file", "no file in it"),
        (zipped(a=b"x", b=b"y"), "unknown_format", "2 files in it (a, b)"),
        (zipped(a=zipped(b=CSV.encode())), "unknown_format", "within another"),
        (zipped(a=packed(CSV.encode())), "unknown_format", "compressed twice"),
        (packed(packed(CSV.encode())), "unknown_format", "compressed twice"),
        (packed(zipped(b=CSV.encode())), "unknown_format", "within another"),
        (zipped(word_SLASH_document_DOT_xml=b"<w/>"), "unknown_format", "Word"),
        (zipped(xl_SLASH_workbook_DOT_bin=b""), "unknown_format", ".xlsb"),
        (
            zipped(mimetype=b"application/vnd.oasis.opendocument.spreadsheet", content_DOT_xml=b""),
            "unknown_format",
            "OpenDocument",
        ),
        (b"%PDF-1.7\n%\xe2\xe3", "unknown_format", "a PDF"),
        (b"{\\rtf1\\ansi hello}", "unknown_format", "Word"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "unknown_format", "(.xls)"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "unknown_format",
            "a password",
        ),
        (b"<html><table><tr><td>userId</td></tr></table>", "unknown_format", "an HTML page"),
        (b"\xef\xbb\xbf \n<!DOCTYPE html>", "unknown_format", "an HTML page"),
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "unknown_format",
            "of 2003",
        ),
        (b"<?xml version='1.0'?><rows/>", "unknown_format", "an XML file"),
        (b"SQLite format 3\0", "unknown_format", "SQLite"),
        (b"BZh91AY", "unknown_format", "neither gzip nor zip"),
        (b'["cus_1", "cus_2"]', "unknown_format", "not of objects"),
        (b'[["userId", "source"]]', "unknown_format", "not of objects"),
        (b"There are no columns here.\n", "unknown_format", "a header line"),
        (b"cus_1\ncus_2\n", "unknown_format", "a header line"),
        (b'"userId,source\n', "header", "a quote is not closed"),
        (b"\x1f\x8bgarbage", "gzip_torn", "damaged"),
    ],
)
def test_unsupported_formats_are_rejected(head: bytes, code: str, text: str) -> None:
    """The error's code says what is wrong, and its text what the file is."""
    with pytest.raises(FileRefused) as refused:
        found(head)
    assert refused.value.code == code
    assert text in str(refused.value)


def test_an_archive_with_a_password_is_refused() -> None:
    """The error asks to unpack it, instead of misreading the bytes."""
    data = bytearray(zipped(cards=CSV.encode()))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(FileRefused) as refused:
        found(bytes(data))
    assert "needs a password" in str(refused.value)
