"""Any CSV is read to its end: a malformed line costs one row."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.migrations.input.files.line_blocks import LINE_LIMIT
from producer.migrations.input.records.csv_records import SPAN, csv_records
from producer.migrations.input.values.trimming import blank
from producer.migrations.model.records import BLANK, Fault, Record
from tests.unit.migrations.files import HEADER, by_line, read

WANTED = ("userId", "default_source")
_TEXT = st.text(st.sampled_from('ab,;"\n\r é\x00'), max_size=6)


def _records(data: bytes, start: int = 1) -> list[Record]:
    return list(csv_records(io.BytesIO(data), ",", WANTED, start_number=start))


@given(st.lists(st.tuples(_TEXT, _TEXT), max_size=30), st.sampled_from(["\n", "\r\n"]))
def test_what_csv_writes_is_read_back(rows: list[tuple[str, str]], end: str) -> None:
    """Quotes, delimiters, line ends and NULs within quotes are part of the value (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([WANTED, *rows])
    read = [values for _, _, values in _records(out.getvalue().encode())]
    assert read == [BLANK if blank(row) else row for row in rows]


@given(st.binary(max_size=300).map(lambda data: HEADER.encode() + data), st.integers(1, 8))
def test_reading_from_a_row_on_gives_the_same_rows(data: bytes, start: int) -> None:
    """For any bytes, reading raises nothing, numbers have no gaps, and skipping shifts none."""
    whole = _records(data)
    assert [number for number, _, _ in whole] == list(range(1, len(whole) + 1))
    assert _records(data, start) == whole[start - 1 :]


def test_skipping_is_the_same_over_many_blocks(tmp_path: Path) -> None:
    """A late row has the same number and line when the rows before are skipped."""
    body = "".join(
        f'cus_{n},"card\n{n}"\n' if n % 5_000 == 0 else f"\ncus_{n},card_{n}\r\n"
        for n in range(30_000)
    )
    data = (HEADER + body).encode()
    whole = _records(data)
    assert len(whole) == 30_000
    for start in (1, 14_999, 15_001, 15_002, 29_999, 30_000, 30_001):
        assert _records(data, start) == whole[start - 1 :]


@pytest.mark.parametrize("lines", [SPAN - 1, SPAN * 20])
def test_an_unclosed_quote_costs_one_row(lines: int) -> None:
    """The lines after a quote that is never closed are read as rows."""
    body = 'cus_0,"card_0\n' + "".join(f"cus_{n},card_{n}\n" for n in range(1, lines))
    records = _records((HEADER + body).encode())
    assert len(records) == lines
    assert isinstance(records[0][2], Fault)
    assert records[0][2].code == "quote_not_closed"
    assert not any(isinstance(values, Fault) for _, _, values in records[1:])


def test_an_unclosed_quote_that_a_later_one_closes_costs_one_row() -> None:
    """If a row over several lines lacks the header's fields, only its first line is lost."""
    body = 'cus_0,"card_0\ncus_1,card_1\n"cus_2","card_2"\ncus_3,card_3\n'
    found = [values for _, _, values in _records((HEADER + body).encode())]
    assert isinstance(found[0], Fault)
    assert found[1:] == [("cus_1", "card_1"), ("cus_2", "card_2"), ("cus_3", "card_3")]


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    """Blank lines are no rows, and line ends within quotes count as lines."""
    text = '\n\nuserId,default_source,note\n\ncus_1,card_1,"a\nb\nc"\n\ncus_2,card_2,\n'
    assert by_line(read(tmp_path, text)) == [(5, "cus_1"), (9, "cus_2")]


@pytest.mark.parametrize("size", [LINE_LIMIT - 100, LINE_LIMIT + 1, 1 << 20])
def test_an_absurdly_long_line_costs_one_row(size: int, tmp_path: Path) -> None:
    """It is a bad row in bounded memory; the rows around it are read."""
    text = f"{HEADER}cus_1,card_1\ncus_{'x' * size},card_1\ncus_2,card_2\ncus_3,card_3"
    code = "field_too_long" if size < LINE_LIMIT else "line_too_long"
    assert by_line(read(tmp_path, text)) == [(2, "cus_1"), (3, code), (4, "cus_2"), (5, "cus_3")]


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        (b"cus_1", "too_few_fields", ""),
        (b"cus_1,card_1,", "too_many_fields", ""),
        (b"cus_1,", "parameter_missing", "default_source"),
        (b",card_1", "parameter_missing", "userId"),
        (b"cus_ 1,card_1", "hidden_character", "userId"),
        (b"cus_1,tok_1", "parameter_invalid", "default_source"),
        (b"cus_\xe91,card_1", "parameter_invalid", "userId"),
        ("cus_ñ\xff1,card_1".encode().replace(b"\xc3\xbf", b"\xff"), "not_utf8", "userId"),
        (b"cus_1,card_\x001", "nul_byte", "default_source"),
        (b"cus_1,card_\r1", "line_unreadable", ""),
        (b'cus_1,"card_1"x', "quote_not_closed", ""),
        (b"cus_1,4242 4242 4242 4242", "card_number_refused", "default_source"),
        (b"cus_1,card_4242_4242_4242_4242", "card_number_refused", "default_source"),
        (
            "cus_1,４２４２４２４２４２４２４２４２".encode(),
            "card_number_refused",
            "default_source",
        ),
        (b"cus_4242424242424242,card_1", "card_number_refused", "userId"),
        (b"cus_1,123", "card_number_refused", "default_source"),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_bad_row_names_its_column_and_affects_no_other(
    line: bytes, code: str, column: str, end: bytes, tmp_path: Path
) -> None:
    """Each fault is one bad row with place and reason, without any part of the value."""
    data = end.join([HEADER.strip().encode(), b"cus_1,card_1", line, b"cus_2,card_2", b""])
    rows = read(tmp_path, data)
    assert by_line(rows) == [(2, "cus_1"), (3, code), (4, "cus_2")]
    bad = rows[1]
    assert getattr(bad, "column", None) == column
    assert "4242" not in repr(bad)


@pytest.mark.parametrize(
    ("last", "code"),
    [
        ("cus_9,card_1QRs", "torn_line"),
        ("cus_9", "too_few_fields"),
        ('cus_9,"card_1Q', "quote_not_closed"),
        ("cus_9,card_1QRs9eKZ", "cus_9"),
        ("cus_9,pm_1", "cus_9"),
    ],
)
def test_a_torn_last_line_is_a_bad_row(last: str, code: str, tmp_path: Path) -> None:
    """Without a line end, an id shorter than all others of its kind was cut off."""
    text = f"{HEADER}cus_1,card_1QRs9eKZ\ncus_2,card_2QRs9eKZ\n{last}"
    assert by_line(read(tmp_path, text))[-1] == (4, code)
    assert by_line(read(tmp_path, f"{HEADER}cus_1,card_1QRs9eKZ\ncus_9,card_1\n"))[-1] == (
        3,
        "cus_9",
    )


def test_bytes_of_another_encoding_in_an_unused_column_do_no_harm(tmp_path: Path) -> None:
    """Latin-1 has the same delimiters as UTF-8, so an unused name may be in Latin-1."""
    data = b"userId,default_source,name\ncus_1,card_1,Jos\xe9\n"
    assert by_line(read(tmp_path, data)) == [(2, "cus_1")]
