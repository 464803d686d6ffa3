"""The report has every row once, in order, and adds up or is rejected."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract import SetDefaultCard
from producer.migrations.errors import SumsDiffer
from producer.migrations.input.columns.columns import map_columns
from producer.migrations.input.input_file import open_input
from producer.migrations.input.rows.ids import command_id
from producer.migrations.input.rows.reader import open_rows
from producer.migrations.model.report_row import COLUMNS
from producer.migrations.model.rows import BadRow, Row, RowResult, RowState
from producer.migrations.report.errors_file import write_bad_rows, write_errors
from producer.migrations.report.rows_report import summarise, write_csv, write_json_lines
from producer.migrations.report.summary import Summary
from producer.migrations.results.details import Detail
from producer.migrations.results.results_file import Results
from producer.migrations.results.row_outcomes import RowOutcomes
from tests.unit.migrations.files import CARD_NUMBER, mapped

S = RowState
MIGRATION = "mig_1"
AT = datetime(2026, 11, 25, 7, 30, tzinfo=UTC)
TEXT = (
    "userId;source;default_source;note\n"
    "cus_1;;card_1;a\n"
    "cus_1;;card_1;repeated\n"
    "cus_2;tok_secret;;b\n"
    "cus_3;;card_3;c\n"
    f"cus_4;;{CARD_NUMBER};d\n"
    "cus_5;tok_other;;e\n"
    "cus_6;;card_6;f\n"
    "bad;;card_7;g\n"
    "cus_8;;card_8\n"
    "cus_9;;card_9;h\n"
)
STATES = [
    *(S.APPLIED, S.ALREADY_SO, S.APPLIED, S.REJECTED, S.INVALID),
    *(S.FAILED, S.SUPERSEDED, S.INVALID, S.INVALID, S.DRIFTED),
]


def _outcomes(
    tmp_path: Path, states: Sequence[RowState] = STATES, rows: int | None = None
) -> RowOutcomes:
    source, mapping = mapped(tmp_path, TEXT)
    results = Results(tmp_path / "r.sqlite")
    results.record(
        [
            RowResult(1, S.APPLIED, "", "done", "id-1", "card_1", 2, AT, AT, "card_0"),
            RowResult(3, S.APPLIED, "", "done tok_secret", "id-3", "card_x", 1, AT, AT),
        ]
    )
    details = {4: Detail("resource_missing", "No such source: 'card_3'")}
    return RowOutcomes(
        *(MIGRATION, source, mapping, len(states) if rows is None else rows),
        lambda number: states[number - 1],
        results,
        details,
    )


def test_every_row_is_reported_once_in_order(tmp_path: Path) -> None:
    """Results, details, ledger and file are combined; CSV and JSON Lines agree."""
    outcomes = _outcomes(tmp_path)
    summary = write_csv(outcomes, tmp_path / "report.csv")
    assert write_json_lines(outcomes, tmp_path / "report.jsonl") == summary == summarise(outcomes)
    with (tmp_path / "report.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [json.loads(line) for line in (tmp_path / "report.jsonl").read_text().splitlines()]
    as_text = [{k: "" if v is None else str(v) for k, v in line.items()} for line in lines]
    assert as_text == rows
    assert list(rows[0]) == list(COLUMNS)
    assert [int(row["number"]) for row in rows] == list(range(1, 11))
    assert [row["state"] for row in rows] == [state.word for state in STATES]
    assert [(row["code"], row["object"]) for row in rows] == [
        ("", "card_1"),
        ("repeated_row", "card_1"),
        ("", "tok_***"),
        ("resource_missing", "card_3"),
        ("card_number_refused", ""),
        ("failed", "tok_***"),
        ("superseded", "card_6"),
        ("parameter_invalid", ""),
        ("too_few_fields", ""),
        ("drifted", "card_9"),
    ]
    assert (rows[0]["before"], lines[2]["before"]) == ("card_0", None)
    assert rows[0]["finished"] == "2026-11-25T07:30:00.000Z"
    assert rows[1]["command_id"] == rows[4]["command_id"] == ""
    assert rows[3]["command_id"] == command_id(MIGRATION, 4)
    assert "secret" not in (tmp_path / "report.csv").read_text()
    assert (summary.rows, summary.counts[S.INVALID], summary.counts[S.APPLIED]) == (10, 3, 2)
    assert summary.codes[S.REJECTED] == {"resource_missing": 1}


@pytest.mark.parametrize("rows", [9, 11])
def test_a_report_that_does_not_add_up_is_refused(rows: int, tmp_path: Path) -> None:
    """If the number of rows is not the ledger's, no file is left and the error has both numbers."""
    states = [*STATES, S.APPLIED]
    outcomes = _outcomes(tmp_path, states, rows)
    for write in (write_csv, write_json_lines, write_errors):
        with pytest.raises(SumsDiffer) as differ:
            write(outcomes, tmp_path / "out")
        assert (differ.value.rows, differ.value.counted) == (rows, 10)
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]


def test_a_report_is_checked_against_the_ledgers_own_counts(tmp_path: Path) -> None:
    """A difference in any state's count is an error."""
    outcomes = _outcomes(tmp_path)
    counts = {state: STATES.count(state) for state in RowState}
    summarise(replace(outcomes, counts=counts))
    counts[S.APPLIED] += 1
    counts[S.FAILED] -= 1
    with pytest.raises(SumsDiffer) as differ:
        summarise(replace(outcomes, counts=counts))
    assert differ.value.counts["applied in the ledger"] == 3


@given(st.dictionaries(st.sampled_from(list(RowState)), st.integers(0, 9)), st.integers(0, 40))
def test_a_summary_must_add_up(counts: dict[RowState, int], rows: int) -> None:
    """A summary whose counts are not its rows cannot be created."""
    if sum(counts.values()) == rows:
        assert sum(Summary(rows, counts).wire()["counts"].values()) == rows
    else:
        with pytest.raises(SumsDiffer):
            Summary(rows, counts)


def test_the_ledgers_state_counts(tmp_path: Path) -> None:
    """A driver may stop between results file and ledger: the state is the ledger's."""
    states = [S.SENT, *STATES[1:]]
    outcomes = _outcomes(tmp_path, states)
    results = [result for _, result in outcomes]
    assert results[0].state is S.SENT
    assert results[0].command_id == "id-1"


def test_errors_can_be_run_again(tmp_path: Path) -> None:
    """`errors.csv` has the contract's names and whole tokens, mode 0600, no superseded rows."""
    outcomes = _outcomes(tmp_path)
    path = tmp_path / "errors.csv"
    assert write_errors(outcomes, path) == 6
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    assert CARD_NUMBER not in text
    assert text.splitlines()[0] == "userId,source,default_source,state,code,message"
    source = open_input(path)
    rows = list(open_rows(source, map_columns(source)))
    good = [row.order.object_id for row in rows if isinstance(row, Row)]
    assert good == ["card_3", "tok_other", "card_9"]
    codes = [row.code for row in rows if isinstance(row, BadRow)]
    assert codes == ["parameter_missing", "parameter_invalid", "parameter_missing"]
    assert "line 9, column userId" in text


def test_errors_keep_the_expected_default(tmp_path: Path) -> None:
    """With --only-if-default-is the column is kept, under a fixed name."""
    text = "userId,default_source,was\ncus_1,card_1,card_0\ncus_2,card_2,\n"
    source, mapping = mapped(tmp_path, text, expected="was")
    outcomes = RowOutcomes(
        *(MIGRATION, source, mapping, 2), lambda _: S.REJECTED, Results(tmp_path / "r.sqlite")
    )
    path = tmp_path / "errors.csv"
    write_errors(outcomes, path)
    again = open_input(path)
    rows = open_rows(again, map_columns(again, expected="only_if_default_is"))
    found = [(r.order, r.expected_default) for r in rows if isinstance(r, Row)]
    assert found == [
        (SetDefaultCard(customer="cus_1", card="card_1"), "card_0"),
        (SetDefaultCard(customer="cus_2", card="card_2"), ""),
    ]


def test_bad_rows_of_a_plan_are_written_fit_for_an_editor(tmp_path: Path) -> None:
    """Long values are cut, formulas escaped, and bytes that are no text replaced."""
    data = b"userId,default_source\ncus_1,card_1\ncus_\xe9\x00,card_2\n" + b"x" * 9_000 + b",=1+1\n"
    path = tmp_path / "errors.csv"
    assert write_bad_rows(*mapped(tmp_path, data), path) == 2
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["code"] for row in rows] == ["nul_byte", "field_too_long"]
    assert rows[0]["userId"] == "cus_é\ufffd"
    assert len(rows[1]["userId"]) == 300
    assert rows[1]["default_source"] == "'=1+1"
