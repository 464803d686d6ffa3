"""Report, errors file and `undo` on a machine that ran nothing of the migration."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from producer.migrations.model.rows import RowState
from producer.migrations.results.results_file import Results
from producer.migrations.run.setup import Run, reopened
from producer.settings import Keeping
from tests.crash.migrating import Drive, faulty_file
from tests.crash.stage import Stage
from tests.crash.worker_process import wait_until
from tests.integration.migrating import Migrations

pytestmark = pytest.mark.integration

_FILES = {"report": ("--csv", "--jsonl", "--errors"), "undo": ("--output",)}


@pytest.fixture(scope="module")
def stage(migrating_stage: Stage) -> Stage:
    """A stage with one worker for both lanes."""
    return migrating_stage


@pytest.fixture
def migrations(stage: Stage, tmp_path: Path) -> Iterator[Migrations]:
    """Migrations of one test; the data folder is that of one machine."""
    made = Migrations(stage, tmp_path / "here")
    made.folder.mkdir()
    yield made
    made.close()


def _outputs(drive: Drive, migration: str, file: Path, out: Path) -> dict[str, str]:
    """A machine's output about the migration, by option."""
    out.mkdir()
    made: dict[str, str] = {}
    for command, options in _FILES.items():
        for option in options:
            path = out / option.strip("-")
            answer = drive.call(command, migration, str(file), option, str(path), "--json")
            assert answer.returncode in (0, 1), answer.stderr
            made[option] = path.read_text("utf-8")
            made[f"{option} summary"] = answer.stdout
    return made


def _kept(migrations: Migrations, migration: str) -> dict[str, str]:
    return dict(migrations.registry.record(migration).fields)


def test_outputs_are_the_same_on_every_machine(migrations: Migrations, tmp_path: Path) -> None:
    """They are complete after a kill, and once the first machine is gone.

    An undo file of another machine restores the defaults.
    """
    file = tmp_path / "faulty.csv"
    faulty_file(file, 170, "Elsewhere")
    here = migrations.drive(file, "--rps", "60")
    here.start()
    registry = migrations.registry
    wait_until(
        lambda: [one for one in registry.list() if one.rows == 170 and one.ended_rows > 60],
        "no progress",
    )
    here.kill()
    code, last = migrations.run(file)
    assert (code, last["state"]) == (1, "finished")
    first = _outputs(here, last["id"], file, tmp_path / "a")
    there = Drive(migrations.stage, file, folder=tmp_path / "there")
    try:
        assert _outputs(there, last["id"], file, tmp_path / "b") == first
        shutil.rmtree(migrations.folder)
        assert _outputs(there, last["id"], file, tmp_path / "c") == first
        # Nothing is left of it there.
        assert list((tmp_path / "there").glob("*.sqlite*")) == []
        rows = list(csv.DictReader((tmp_path / "c" / "csv").open()))
        applied = [row for row in rows if row["state"] == "applied"]
        assert applied
        assert all(row["finished"] and row["accepted"] and row["card_id"] for row in applied)
        assert json.loads(first["--output summary"])["not_recorded"] == 0
        undone = tmp_path / "c" / "output"
        migrations.folder.mkdir()
        code, back = migrations.run(undone)
        written = json.loads(first["--output summary"])["written"]
        assert (code, back["counts"]["applied"]) == (0, written)
        assert written > 20
    finally:
        there.close()


def test_another_machine_continues_and_has_all_results(
    migrations: Migrations, tmp_path: Path
) -> None:
    """The second driver records what the first machine has; each then reports everything."""
    registry = migrations.registry
    _, file = migrations.customers(20)
    run = migrations.entered(file)
    with migrations.results(run) as results:
        run.driver(registry, results, limit=8).run()
    with Results.of(tmp_path / "there", run.id) as results:
        run.driver(registry, results).run()
        assert len(results) == 20
        assert all(one.before and one.finished_at for one in results)
    here = migrations.drive(file)
    first = _outputs(here, run.id, file, tmp_path / "a")
    there = Drive(migrations.stage, file, folder=tmp_path / "there")
    assert _outputs(there, run.id, file, tmp_path / "b") == first
    there.close()
    assert json.loads(first["--output summary"])["written"] == 20


def _driven(migrations: Migrations, keeping: Keeping, rows: int) -> Run:
    _, file = migrations.customers(rows)
    run = migrations.entered(file)
    migrations.registry.keeping = keeping
    with migrations.results(run) as results:
        run.driver(migrations.registry, results).run()
    return run


def test_results_are_not_kept_if_that_is_switched_off(
    migrations: Migrations, tmp_path: Path
) -> None:
    """Only the machine that ran it knows times and former defaults; the sums are right."""
    run = _driven(migrations, Keeping(most=0), 6)
    assert "kept" not in _kept(migrations, run.id)
    file = migrations.folder / "in.csv"
    there = Drive(migrations.stage, file, folder=tmp_path / "there")
    outputs = _outputs(there, run.id, file, tmp_path / "b")
    there.close()
    assert json.loads(outputs["--output summary"])["not_recorded"] == 6
    assert migrations.registry.status(run.id).counts == {RowState.APPLIED: 6}
    outputs = _outputs(migrations.drive(file), run.id, file, tmp_path / "a")
    assert json.loads(outputs["--output summary"])["written"] == 6


def test_kept_results_are_bounded_and_expire(migrations: Migrations) -> None:
    """Excess rows are only counted; kept ones expire some time after the end."""
    run = _driven(migrations, Keeping(most=20, ms=3_600_000), 6)
    fields = _kept(migrations, run.id)
    assert int(fields.get("kept", 0)) <= 20
    assert int(fields["unkept"]) > 0
    run = _driven(migrations, Keeping(ms=3_600_000), 7)
    assert "unkept" not in _kept(migrations, run.id)
    redis = migrations.stage.redis
    key = f"cards:migration-results:{run.id}"
    assert 3_500_000 < redis.pttl(key) <= 3_600_000
    assert (redis.memory_usage(key) or 0) < 7 * 100 + 300
    migrations.registry.forget(run.id)
    assert redis.exists(key, f"cards:migration-plan:{run.id}") == 0


def test_a_damaged_frame_prevents_no_report(migrations: Migrations, tmp_path: Path) -> None:
    """Its rows are reported from the ledger, all others completely."""
    run = _driven(migrations, Keeping(), 6)
    redis = migrations.stage.redis
    redis.lset(f"cards:migration-results:{run.id}", 0, "broken")
    file = migrations.folder / "in.csv"
    there = Drive(migrations.stage, file, folder=tmp_path / "there")
    outputs = _outputs(there, run.id, file, tmp_path / "b")
    there.close()
    assert json.loads(outputs["--csv summary"])["counts"]["applied"] == 6
    assert 0 < json.loads(outputs["--output summary"])["not_recorded"] <= 6


def test_a_plan_is_kept_with_the_migration(migrations: Migrations) -> None:
    """The plan is kept as it was before anything was sent."""
    _, file = migrations.customers(3)
    run = migrations.entered(file)
    plan = migrations.registry.plan(run.id)
    assert plan is not None
    assert (plan["migration"], plan["rows"], plan["toSend"]) == (run.id, 3, 3)
    assert reopened(migrations.registry, run.id).id == run.id
    assert migrations.registry.plan("mig_none") is None
