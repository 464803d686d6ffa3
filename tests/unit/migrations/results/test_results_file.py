"""The results file is durable, ordered, and readable while it is written."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from producer.migrations.model.rows import RowResult, RowState
from producer.migrations.results.results_file import Results

AT = datetime(2026, 11, 25, 7, 30, 1, 234567, tzinfo=UTC)
FULL = RowResult(
    number=7,
    state=RowState.APPLIED,
    code="x",
    message="y é",
    command_id="c",
    card_id="card_1",
    attempts=2,
    accepted_at=AT,
    finished_at=AT + timedelta(seconds=1),
    before="",
)


def test_records_are_read_back(tmp_path: Path) -> None:
    """All fields, to the microsecond; no former default differs from an unrecorded one."""
    plain = RowResult(3, RowState.REJECTED)
    with Results.of(tmp_path / "data", "mig_1") as results:
        results.record([FULL, plain])
        assert (results[7], results.get(3), results.get(4)) == (FULL, plain, None)
        with pytest.raises(KeyError):
            results[4]
        assert (list(results), len(results)) == ([plain, FULL], 2)
    with Results.of(tmp_path / "data", "mig_1") as again:
        assert list(again.since(4)) == [FULL]


def test_recording_again_replaces(tmp_path: Path) -> None:
    """An interrupted driver records the same rows, or a later outcome, again."""
    with Results(tmp_path / "r.sqlite") as results:
        unknown = replace(FULL, state=RowState.UNKNOWN)
        for one in (unknown, unknown, FULL, FULL):
            results.record([one])
        assert list(results) == [FULL]


def test_all_or_none_is_recorded(tmp_path: Path) -> None:
    """After an error nothing of the batch is recorded, and the file stays usable."""
    with Results(tmp_path / "r.sqlite") as results:
        broken = replace(FULL, number=8, code=None)  # type: ignore[arg-type]
        with pytest.raises(sqlite3.IntegrityError):
            results.record([FULL, broken])
        assert list(results) == []
        results.record([FULL])
        assert len(results) == 1


def test_it_is_read_while_it_is_written(tmp_path: Path) -> None:
    """A reader sees earlier records, and later ones when it reads on."""
    path = tmp_path / "r.sqlite"
    with Results(path, readonly=True) as nothing:
        assert (list(nothing), len(nothing), nothing.get(1)) == ([], 0, None)
    assert not path.exists()
    with Results(path) as writer, Results(path, readonly=True) as reader:
        rows = [RowResult(number, RowState.APPLIED) for number in range(1, 3_001)]
        writer.record(rows)
        reading = iter(reader)
        first = next(reading)
        writer.record([RowResult(3_001, RowState.FAILED)])
        assert [first, *reading] == [*rows, RowResult(3_001, RowState.FAILED)]
        with pytest.raises(sqlite3.OperationalError):
            reader.record([FULL])
    with Results(path, readonly=True) as after:
        assert len(after) == 3_001


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    """Messages may name customers, so file, journal and folder are private."""
    with Results(tmp_path / "data" / "r.sqlite") as results:
        results.record([FULL])
        modes = {p.name: p.stat().st_mode & 0o777 for p in (tmp_path / "data").iterdir()}
    assert set(modes.values()) == {0o600}
    assert "r.sqlite-wal" in modes
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_it_is_durable(tmp_path: Path) -> None:
    """The ledger is updated after the results, which must survive a crash."""
    with Results(tmp_path / "r.sqlite") as results:
        assert results.durable


def test_a_file_without_tables_is_empty(tmp_path: Path) -> None:
    """A reader between creation of the file and of its table finds no rows."""
    path = tmp_path / "r.sqlite"
    path.touch()
    with Results(path, readonly=True) as reader:
        assert list(reader) == []


def test_unrecorded_rows_and_the_journal_are_kept(tmp_path: Path) -> None:
    """Sent rows are unrecorded until their outcome or a rejection; the journal's id stays."""
    with Results.of(tmp_path, "mig_1") as results:
        assert (results.journal, results.life, results.unrecorded()) == ("", "", 0)
        results.bind("j1", "")
        results.sending([7, 8, 9])
        results.sending([9, 10])
        results.not_sent([10])
        results.record([FULL])
        assert results.unrecorded() == 2
        assert results.counts() == {RowState.APPLIED: 1}
    with Results.of(tmp_path, "mig_1", readonly=True) as again:
        assert (again.journal, again.unrecorded()) == ("j1", 2)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            again.bind("j2", "")
    with Results.of(tmp_path, "mig_none", readonly=True) as none:
        assert (none.journal, none.counts(), none.unrecorded()) == ("", {}, 0)


def test_a_file_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """It lacks two tables: its journal is unknown, and writing creates them."""
    with Results.of(tmp_path, "mig_1") as results:
        results.record([FULL])
    with sqlite3.connect(tmp_path / "mig_1.sqlite") as db:
        db.execute("DROP TABLE sent")
        db.execute("DROP TABLE about")
    db.close()
    with Results.of(tmp_path, "mig_1", readonly=True) as old:
        assert (old.journal, old.unrecorded(), old[7]) == ("", 0, FULL)
    with Results.of(tmp_path, "mig_1") as results:
        results.bind("j1", "5")
        assert (results.journal, results.life, results[7]) == ("j1", "5", FULL)
