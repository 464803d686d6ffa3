"""No cell of a CSV file is a formula, and such files are read back."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from producer.migrations.input.columns.resolution import map_columns
from producer.migrations.input.input_file import open_input
from producer.migrations.input.rows.reader import open_rows
from producer.migrations.model.rows import BadRow, RowState
from producer.migrations.report.csv_cells import cell, cells
from producer.migrations.report.errors_file import write_bad_rows
from tests.unit.migrations.files import written

SIGNS = "=+-@\t\r\n＝＋－＠"
TEXT = st.text(st.sampled_from([*SIGNS, *"';,|\"ab1 _"]), max_size=12)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("-5", "'-5"),
        ("\t=1", "'\t'=1"),
        ("x;=cmd|' /C calc'!A0;", "x;'=cmd|' /C calc'!A0;"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ("line 3, column =x", "line 3, column =x"),
        ("cus_1-2", "cus_1-2"),
        ("", ""),
        (-5, -5),
        (None, None),
    ],
)
def test_a_cell(value: object, shown: object) -> None:
    """The start of a formula gets an apostrophe, wherever a spreadsheet may split."""
    assert cell(value) == shown


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_no_split_makes_a_formula(values: list[str]) -> None:
    """Split at comma, semicolon, tab or bar, naively or as CSV, no cell starts a formula."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells(values))
    naive = re.split(r"[;,|\t\r\n]", out.getvalue())
    strict = [one for row in csv.reader(io.StringIO(out.getvalue(), newline="")) for one in row]
    for one in (*naive, *strict):
        assert not one.strip(' "').startswith(tuple("=+-@＝＋－＠")), out.getvalue()


@given(st.from_regex(r"[A-Za-z0-9_]{1,40}", fullmatch=True))
def test_an_id_stays_as_it_is(value: str) -> None:
    """Correct ids in `errors.csv` are sent unchanged."""
    assert cell(value) == value


@example([(";;", ";;;")])
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5))
def test_errors_read_again_are_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    """All invalid rows stay invalid when they are read again."""
    folder: Path = tmp_path_factory.mktemp("errors")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([("userId", "default_source"), ("cus_1", "card_1"), *rows])
    source = written(folder, out.getvalue().encode())
    errors = folder / "errors.csv"
    count = write_bad_rows(source, map_columns(source), errors)
    found = [one for one in open_rows(source, map_columns(source)) if isinstance(one, BadRow)]
    bad = [one for one in found if one.state is RowState.INVALID]
    assert count == len(bad)
    again = open_input(errors)
    read = list(open_rows(again, map_columns(again)))
    assert len(read) == count
    assert all(isinstance(one, BadRow) for one in read)
