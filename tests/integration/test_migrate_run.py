"""`cards migrate` from run to undo, with a real Valkey, a worker and the sandbox."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from producer.cli import app as cli
from producer.contract import State
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationState
from producer.migrations.results.results_file import Results
from producer.migrations.run.driver import Ended
from producer.migrations.run.setup import reopened
from tests.crash.stage import Stage
from tests.crash.worker_process import wait_until
from tests.integration.migrating import Driving, Migrations

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def stage(migrating_stage: Stage) -> Stage:
    """A stage with one worker for both lanes."""
    return migrating_stage


@pytest.fixture
def migrations(stage: Stage, tmp_path: Path) -> Iterator[Migrations]:
    """Migrations of one test."""
    made = Migrations(stage, tmp_path)
    yield made
    made.close()


def test_run_report_verify_undo(migrations: Migrations) -> None:
    """A file is run, reported, verified and undone; later changes are left alone."""
    stage = migrations.stage
    names, path = migrations.customers(30)
    code, last = migrations.run(path)
    assert (code, last["state"], last["counts"]["applied"]) == (0, "finished", 30)
    drive = migrations.drive(path)
    report = drive.call("report", last["id"], "--csv", str(migrations.folder / "out.csv"))
    assert report.returncode == 0, report.stderr
    rows = list(csv.DictReader((migrations.folder / "out.csv").open()))
    assert {row["before"] for row in rows} == {stage.card(one, 1) for one in names}
    page = migrations.folder / "out.html"
    assert drive.call("report", last["id"], "--html", str(page)).returncode == 0
    assert "All 30 rows are as the file says." in page.read_text("utf-8")
    assert drive.call("verify", last["id"], "--sample", "10").returncode == 0
    stage.ended(stage.set_default(names[0], 1), State.SUCCEEDED)
    verified = json.loads(drive.call("verify", last["id"], "--json").stdout)
    assert verified == {"compared": 30, "differ": 1, "unread": 0}
    undone = migrations.folder / "undo.csv"
    assert drive.call("undo", last["id"], "--output", str(undone)).returncode == 0
    code, back = migrations.run(undone)
    # The first customer's default is what it was before already: nothing is left to undo.
    assert (code, back["counts"]["applied"], back["counts"]["already_so"]) == (0, 29, 1)
    before = migrations.registry.history(back["id"])
    code, again = migrations.run(undone)
    assert (code, again["counts"]) == (0, back["counts"])
    # Nor does the chart of it go on.
    assert migrations.registry.history(back["id"]) == before


def test_a_migration_has_its_sender(
    migrations: Migrations, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """CARDS_SENDER is part of the status."""
    stage = migrations.stage
    for name, value in (
        ("CARDS_SENDER", "finance"),
        ("REDIS_URL", stage.valkey.url),
        ("CARDS_MIGRATIONS_DIR", str(migrations.folder)),
    ):
        monkeypatch.setenv(name, value)
    _, path = migrations.customers(2)
    assert cli.run(["migrate", "run", str(path), "--json"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["by"] == "finance"


def test_undo_leaves_changed_customers_alone(migrations: Migrations) -> None:
    """A customer whose default has changed since is drifted."""
    stage = migrations.stage
    stage.stripe.configure(auto_create_cards=3)
    names, path = migrations.customers(3)
    _, last = migrations.run(path)
    stage.ended(stage.set_default(names[1], 3), State.SUCCEEDED)
    undone = migrations.folder / "undo.csv"
    migrations.drive(path).call("undo", last["id"], "--output", str(undone))
    code, back = migrations.run(undone)
    stage.stripe.configure(auto_create_cards=2)
    assert (code, back["counts"]["applied"], back["counts"]["drifted"]) == (1, 2, 1)
    assert back["codes"] == {"drifted": 1}


def test_only_if_default_is_and_already_so(migrations: Migrations) -> None:
    """Rows are applied, already so or drifted, depending on the customer's default."""
    stage = migrations.stage
    one, two, three = (stage.customer("Cond") for _ in range(3))
    path = migrations.file(
        f"{one},{stage.card(one)},{stage.card(one, 1)}",
        f"{two},{stage.card(two)},card_other",
        f"{three},{stage.card(three, 1)},card_other",
        header="userId,default_source,old",
    )
    code, last = migrations.run(path, "--only-if-default-is", "old")
    assert code == 1
    counts = {k: v for k, v in last["counts"].items() if v}
    assert counts == {"applied": 1, "already_so": 1, "drifted": 1}


def test_skip_if_newer(migrations: Migrations) -> None:
    """A default that a command has set since the migration was created stays."""
    stage = migrations.stage
    names, path = migrations.customers(2)
    assert migrations.run(path, "--skip-if-newer", "--limit", "1")[0] == 4
    stage.ended(stage.set_default(names[1], 1), State.SUCCEEDED)
    code, last = migrations.run(path, "--skip-if-newer")
    assert (code, last["counts"]["applied"], last["counts"]["drifted"]) == (1, 1, 1)


def test_errors_are_corrected_and_run(migrations: Migrations) -> None:
    """A report's errors.csv can be run once its rows are corrected."""
    stage = migrations.stage
    one, two = stage.customer("Err"), stage.customer("Err")
    path = migrations.file(f"{one},card_nosuch", f"{two},{stage.card(two)}")
    code, last = migrations.run(path)
    assert (code, last["codes"]) == (1, {"resource_missing": 1})
    errors = migrations.folder / "errors.csv"
    answer = migrations.drive(path).call("report", last["id"], "--errors", str(errors))
    assert "resource_missing" in answer.stdout
    assert answer.returncode == 1
    errors.write_text(errors.read_text("utf-8").replace("card_nosuch", stage.card(one)), "utf-8")
    code, again = migrations.run(errors)
    assert (code, again["rows"], again["counts"]["applied"]) == (0, 1, 1)


def test_a_pilot_then_the_rest(migrations: Migrations) -> None:
    """--limit sends some rows and exits with 4; a second run sends the rest, none twice."""
    _, path = migrations.customers(20)
    code, last = migrations.run(path, "--limit", "5")
    assert (code, last["why"], last["counts"]["applied"]) == (4, "limit", 5)
    assert last["counts"]["pending"] == 15
    code, last = migrations.run(path)
    assert (code, last["counts"]["applied"]) == (0, 20)


def test_a_plan_checks_a_sample_and_counts_sent_rows(migrations: Migrations) -> None:
    """plan --check predicts outcomes; after a pilot, the plan counts what was sent."""
    stage = migrations.stage
    one, two, three = (stage.customer("Plan") for _ in range(3))
    path = migrations.file(
        f"{one},{stage.card(one)}", f"{two},{stage.card(two, 1)}", f"{three},card_nosuch"
    )
    drive = migrations.drive(path)
    answer = drive.call("plan", str(path), "--check", "3", "--json")
    sample = {k: v for k, v in json.loads(answer.stdout)["sample"].items() if v}
    assert sample == {"would_be_applied": 1, "already_so": 1, "no_card": 1}
    migrations.run(path, "--limit", "1")
    assert json.loads(drive.call("plan", str(path), "--json").stdout)["begun"] == {
        "pending": 2,
        "applied": 1,
    }
    assert "would send" in drive.call("plan", str(path)).stdout


def test_dry_run_sends_nothing(migrations: Migrations) -> None:
    """--dry-run says what would be sent and enters nothing."""
    _, path = migrations.customers(3)
    before = len(migrations.registry.list())
    code, answer = migrations.run(path, "--dry-run")
    assert (code, answer["wouldSend"]) == (0, 3)
    assert len(migrations.registry.list()) == before


def test_stop_after_failures(migrations: Migrations) -> None:
    """Enough rejected rows stop the migration; resume and run continue it."""
    stage = migrations.stage
    names = [stage.customer("Stop") for _ in range(600)]
    path = migrations.file(*(f"{one},card_nosuch" for one in names))
    code, last = migrations.run(path, "--stop-after-failures", "5", "--rps", "100")
    assert (code, last["state"], last["why"]) == (4, "stopped", "stopped")
    assert last["counts"]["pending"] > 0
    assert last["counts"]["sent"] == 0
    drive = migrations.drive(path)
    assert drive.call("resume", last["id"]).returncode == 0
    assert drive.call("throttle", last["id"], "0").returncode == 0
    code, last = migrations.run(path)
    assert (code, last["counts"]["rejected"], last["state"]) == (1, 600, "finished")


def test_pause_resume_throttle_cancel(migrations: Migrations) -> None:
    """Each action takes effect while the migration runs."""
    registry = migrations.registry
    _, path = migrations.customers(300)
    run = migrations.entered(path)
    registry.throttle(run.id, 20)
    with migrations.results(run) as results:
        driving = Driving(run.driver(registry, results))
        wait_until(lambda: registry.status(run.id).ended_rows > 5, "nothing ends")
        registry.pause(run.id)
        wait_until(lambda: not registry.status(run.id).counts.get(RowState.SENT), "still sent")
        paused = registry.status(run.id)
        assert paused.driver is not None
        assert paused.counts[RowState.PENDING] > 200
        registry.resume(run.id)
        wait_until(lambda: registry.status(run.id).ended_rows > paused.ended_rows, "not resumed")
        registry.cancel(run.id)
        assert driving.wait() is Ended.CANCELLED
    ended = registry.status(run.id)
    assert ended.state is MigrationState.CANCELLED
    assert set(ended.counts) == {RowState.APPLIED, RowState.CANCELLED}
    assert sum(ended.counts.values()) == 300
    assert ended.codes["cancelled"] == ended.counts[RowState.CANCELLED]


def test_cancel_without_a_driver(migrations: Migrations) -> None:
    """`cancel` does the driver's work, and records rows that had been sent."""
    _, path = migrations.customers(50)
    assert migrations.run(path, "--limit", "10")[0] == 4
    migration = migrations.registry.list()[0].id
    answer = migrations.drive(path).call("cancel", migration, "--json")
    assert answer.returncode == 0, answer.stderr
    status = json.loads(answer.stdout)
    assert status["state"] == "cancelled"
    assert (status["counts"]["applied"], status["counts"]["cancelled"]) == (10, 40)


def test_sigterm_and_another_machine(migrations: Migrations) -> None:
    """On SIGTERM a run leaves the rest to the next one, also with another data folder."""
    registry = migrations.registry
    names, path = migrations.customers(200)
    drive = migrations.drive(path, "--rps", "50")
    process = drive.start()
    wait_until(lambda: [m for m in registry.list() if m.rows == 200 and m.ended_rows > 5], "stuck")
    process.send_signal(signal.SIGTERM)
    assert process.wait(45) == 4
    run = reopened(registry, registry.list()[0].id)
    registry.throttle(run.id, None)
    elsewhere = migrations.folder / "elsewhere"
    with Results.of(elsewhere, run.id) as results:
        assert run.driver(registry, results).run() is Ended.FINISHED
        assert len(results) == 200  # those of the first are there, too
    assert registry.status(run.id).counts == {RowState.APPLIED: 200}
    applied = [effect["customer"] for effect in migrations.stage.stripe.effects()]
    assert all(applied.count(name) == 1 for name in names)


def test_one_driver_at_a_time(migrations: Migrations) -> None:
    """A second driver finds the lease taken, and sends nothing."""
    registry = migrations.registry
    _, path = migrations.customers(3)
    run = migrations.entered(path)
    registry.pause(run.id)
    with migrations.results(run) as results:
        first = Driving(run.driver(registry, results))
        wait_until(lambda: registry.status(run.id).driver, "no driver")
        assert run.driver(registry, results).run() is Ended.TAKEN_OVER
        registry.resume(run.id)
        assert first.wait() is Ended.FINISHED


def test_a_driver_reconnects(migrations: Migrations) -> None:
    """A driver whose connections are cut continues by itself."""
    registry = migrations.registry
    _, path = migrations.customers(100)
    run = migrations.entered(path)
    registry.throttle(run.id, 40)
    with migrations.results(run) as results:
        driving = Driving(run.driver(registry, results))
        for mark in (10, 30, 50):
            wait_until(lambda mark=mark: registry.status(run.id).ended_rows > mark, "stuck")  # type: ignore[misc]
            migrations.stage.cut_connections()
        assert driving.wait() is Ended.FINISHED
    assert registry.status(run.id).counts == {RowState.APPLIED: 100}


def test_usage(migrations: Migrations) -> None:
    """Unknown ids, changed files and contradictory options have their exit codes."""
    _, path = migrations.customers(1)
    drive = migrations.drive(path)
    assert drive.call("status", "mig_none").returncode == 1
    assert drive.call("run", str(path), "--stop-after-failures", "none").returncode == 2
    assert drive.call("run", str(path), "--blind", "--only-if-default-is", "x").returncode == 2
    _, last = migrations.run(path)
    path.write_text("userId,default_source\ncus_x,card_x\n")
    assert drive.call("report", last["id"]).returncode == 2
    assert drive.call("pause", last["id"]).returncode == 1
    assert drive.call("list").returncode == 0
