"""From any bytes to a report that adds up, without lost rows or errors."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from producer.migrations.errors import FileRefused
from producer.migrations.input.columns.columns import map_columns
from producer.migrations.input.input_file import InputFile, open_input
from producer.migrations.input.rows.reader import open_rows
from producer.migrations.input.rows.spool import spool_input
from producer.migrations.model.rows import BadRow, RowState
from producer.migrations.plan.plan import Plan, make_plan
from producer.migrations.report.errors_file import write_errors
from producer.migrations.report.rows_report import write_csv
from producer.migrations.results.results_file import Results
from producer.migrations.results.row_outcomes import RowOutcomes
from tests.unit.migrations.files import CARD_NUMBER

_CELLS = [b"cus_1", b"cus_2", b"card_1", b"pm_1", b"tok_1", b"", b'"', b'""', b'"a\nb"', b"\xe9"]
_CELLS += [b"\0", CARD_NUMBER.encode(), b"cus_\xc3\xa9", b"x" * 300, b" cus_1", b"123", b"\r"]
_GOOD = [
    b"cus_1,tok_1,",
    b"cus_1,,card_1",
    b"cus_1,,card_2",
    b'"cus_2","pm_1",""',
    b"cus_2,,pm_1\r",
]
_LINE = st.one_of(
    st.sampled_from(_GOOD),
    st.sampled_from(_GOOD),
    st.lists(st.sampled_from(_CELLS), min_size=1, max_size=4).map(b",".join),
)
_CSV = st.lists(_LINE, max_size=12).map(
    lambda lines: b"\n".join([b"userId,source,default_source", *lines])
)
_OBJECT = st.one_of(
    st.just({"userId": '"cus_1"', "default_source": '"card_1"'}),
    st.just({"userId": '"cus_1"', "source": '"tok_1"', "other": "[1]"}),
    st.dictionaries(
        st.sampled_from(["userId", "source", "default_source", "command", "other"]),
        st.sampled_from(
            ['"cus_1"', '"card_1"', '"tok_1"', "7", "null", "{}", '"\\ud800"', "[" * 9]
        ),
    ),
)
_JSON = st.lists(_OBJECT, min_size=1, max_size=12).map(
    lambda rows: "\n".join(
        "{" + ", ".join(f'"{name}": {value}' for name, value in row.items()) + "}" for row in rows
    ).encode()
)


@given(st.one_of(_CSV, _JSON), st.sampled_from(list(RowState)))
def test_any_file_is_refused_or_accounted_for(data: bytes, otherwise: RowState) -> None:
    """Every row is once in plan, report and sum; errors.csv can be read again.

    A copy of the same bytes as a stream has the same rows. No file holds a card number.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "input"
        path.write_bytes(data)
        try:
            source = open_input(path)
            mapping = map_columns(source)
            plan = make_plan(source, mapping)
        except FileRefused:
            return
        with plan, Results(folder / "r.sqlite") as results:
            states = dict.fromkeys(range(1, plan.rows + 1), otherwise)
            states |= dict(plan.not_sent())
            outcomes = RowOutcomes(plan.id, source, mapping, plan.rows, states.__getitem__, results)
            summary = write_csv(outcomes, folder / "report.csv")
            assert sum(summary.counts.values()) == plan.rows
            assert summary.counts.get(RowState.INVALID, 0) >= plan.invalid
            _check_errors(outcomes, folder / "errors.csv", plan)
            _check_copy(path, folder, source)
        written = [folder / "report.csv", folder / "errors.csv", *(folder / "data").iterdir()]
        assert not any(CARD_NUMBER in path.read_text() for path in written)


def _check_errors(outcomes: RowOutcomes, path: Path, plan: Plan) -> None:
    count = write_errors(outcomes, path)
    again = open_input(path)
    rows = list(open_rows(again, map_columns(again)))
    assert len(rows) == count
    bad = sum(isinstance(row, BadRow) for row in rows)
    assert bad == plan.invalid


def _check_copy(path: Path, folder: Path, source: InputFile) -> None:
    with path.open("rb") as stream:
        copy = spool_input(stream, folder / "data")
    mapping = map_columns(source)
    assert list(open_rows(copy, map_columns(copy))) == list(open_rows(source, mapping))
