"""Formats are found out from the bytes, whatever the file is called."""

from __future__ import annotations

import gzip

import pytest

from producer.migrations.errors import FileRefused
from producer.migrations.formats import Form, Format, detect


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"userId,source\ncus_1,tok_1\n", Format(Form.CSV)),
        (b"userId;source\r\ncus_1;tok_1\r\n", Format(Form.CSV, delimiter=";")),
        (b"userId\tsource\n", Format(Form.CSV, delimiter="\t")),
        (b'"a;b;c",userId,source\n', Format(Form.CSV)),
        (b"\xef\xbb\xbfuserId,source\n", Format(Form.CSV)),
        (b'{"userId": "cus_1", "source": "tok_1"}\n', Format(Form.JSON_LINES)),
        (b'{"meta": {"id": 1}, "userId": "cus_1"}\n', Format(Form.JSON_LINES)),
        (b'{"userId": broken\n', Format(Form.JSON_LINES)),
        (b'{"1893": {"id": "cus_1", "cards": {}}}', Format(Form.STRIPE_MAPPING)),
        (b'{\n "1": {\n "id": "cus_1", "cards": {"2": {"id": "c"}}}', Format(Form.STRIPE_MAPPING)),
        (gzip.compress(b"userId,source\n", mtime=0), Format(Form.CSV, gzipped=True)),
        (gzip.compress(b'{"userId": "cus_1"}\n', mtime=0), Format(Form.JSON_LINES, gzipped=True)),
        (b"PAR1....", Format(Form.PARQUET)),
    ],
)
def test_format_is_found_out(head: bytes, found: Format) -> None:
    """CSV with its delimiter, JSON Lines, Stripe's mapping and Parquet, gzipped or not."""
    assert detect(head) == found


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"", "empty_file"),
        (b"\n\n", "empty_file"),
        (b"PK\x03\x04rest", "unknown_format"),
        (b"[{}]", "unknown_format"),
        (b"no columns here\n", "unknown_format"),
        ("userId,source\n".encode("utf-16"), "not_utf8"),
        (b"userId,source\rcus_1,tok_1\r", "line_ends"),
        (b'"userId,source\n', "header"),
        (b"\x1f\x8bgarbage", "gzip_torn"),
    ],
)
def test_what_is_no_known_format_is_refused(head: bytes, code: str) -> None:
    """The refusal says by its code what is wrong with the file as a whole."""
    with pytest.raises(FileRefused) as refused:
        detect(head)
    assert refused.value.code == code
