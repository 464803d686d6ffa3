"""A migration stops if Redis loses its data, says so, and does not start anew."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from producer.migrations.errors import JournalLost
from producer.migrations.model.rows import RowState
from producer.migrations.run.driver import Ended
from tests.crash.stage import Stage
from tests.crash.worker_process import wait_until
from tests.integration.migrating import Driving, Migrations
from tests.unit.http.web import WebProcess

pytestmark = pytest.mark.integration

_LOST = 5


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A stage with one worker for both lanes, and a Redis that can lose its data."""
    folder = tmp_path / "stage"
    folder.mkdir()
    with Stage(folder) as made:
        made.worker("one", queues="interactive,bulk", CARDS_WORKER_CONCURRENCY="20").ready()
        yield made


@pytest.fixture
def migrations(stage: Stage, tmp_path: Path) -> Iterator[Migrations]:
    folder = tmp_path / "data"
    folder.mkdir()
    made = Migrations(stage, folder)
    yield made
    made.close()


def _started(migrations: Migrations, path: Path, *options: str, ended: int = 20) -> Any:
    """A run in a child process, in the middle of its rows."""
    process = migrations.drive(path, "--rps", "40", *options).start()
    registry = migrations.registry
    wait_until(lambda: [one for one in registry.list() if one.ended_rows >= ended], "nothing ends")
    return process


def _emptied(stage: Stage) -> Path:
    """Kill Redis and start it with an empty folder; return the path of its data."""
    server = stage.valkey
    kept = server.directory.with_name("kept")
    server.kill()
    server.directory.rename(kept)
    server.start()
    return kept


def _restored(stage: Stage, kept: Path) -> None:
    server = stage.valkey
    server.kill()
    shutil.rmtree(server.directory)
    kept.rename(server.directory)
    server.start()


def _last_line(stage: Stage, path: Path) -> dict[str, Any]:
    """The last line of the started run."""
    log = (stage.directory / f"{path.name}.log").read_text("utf-8")
    line: dict[str, Any] = json.loads(log.splitlines()[-1])
    return line


def test_it_stops_and_continues_once_redis_is_restored(
    stage: Stage, migrations: Migrations
) -> None:
    """It exits with 5 and says what is known; once Redis is restored, it continues."""
    names, path = migrations.customers(150)
    process = _started(migrations, path)
    kept = _emptied(stage)
    assert process.wait(20) == _LOST
    last = _last_line(stage, path)
    assert (last["status"], last["code"]) == (False, "journal_lost")
    for text in ("rows had ended", "Restore Redis", "--continue-in-new-journal"):
        assert text in last["message"]
    (run,) = (one.stem for one in migrations.folder.glob("mig_*.sqlite"))
    code, again = migrations.run(path)
    assert (code, again["code"]) == (_LOST, "journal_lost")
    drive = migrations.drive(path)
    for asked in ("status", "report", "pause"):
        answer = drive.call(asked, run)
        assert answer.returncode == _LOST
        assert "restore redis" in answer.stderr.lower()
    assert drive.call("status", "mig_other").returncode == 1
    assert migrations.registry.list() == [], "it was started anew"
    _restored(stage, kept)
    code, last = migrations.run(path, "--rps", "1000")
    assert (code, last["state"]) == (0, "finished")
    assert _effects(stage, names) == {1}


@pytest.mark.parametrize("options", [(), pytest.param(("--blind",), marks=pytest.mark.extended)])
def test_it_is_continued_in_a_new_journal(
    stage: Stage, migrations: Migrations, options: tuple[str, ...]
) -> None:
    """With the option ended rows are not sent again, and the others have one effect each.

    Rows in flight may have reached Stripe; their number is reported before. Those that did need
    no change, or with --blind Stripe knows their keys.
    """
    names, path = migrations.customers(150)
    holds = [stage.hold(name, "after") for name in names[12:16]]
    process = _started(migrations, path, *options, ended=10)
    for hold in holds:
        hold.wait()
    stage.redis.flushall()
    assert process.wait(20) == _LOST
    for hold in holds:
        hold.release()
    stage.workers[0].kill()  # so that the one that is started takes the new journal
    stage.workers[0].ready()
    lost = migrations.run(path)
    assert lost[0] == _LOST
    dry, would = migrations.run(path, "--dry-run", "--continue-in-new-journal", *options)
    before = len(stage.stripe.requests())
    go_on = ("--continue-in-new-journal", *options)
    answer = migrations.drive(path).call("run", str(path), "--json", *go_on)
    assert answer.returncode == 0, answer.stderr
    events = [json.loads(line) for line in answer.stdout.splitlines()]
    carried = next(one for one in events if one.get("event") == "carried")
    recorded, doubtful = carried["recorded"], carried["doubtful"]
    assert (dry, would["wouldSend"]) == (0, 150 - recorded)
    assert recorded >= 10
    assert doubtful >= len(holds)
    assert events[-1]["state"] == "finished"
    counts = events[-1]["counts"]
    assert counts["applied"] + counts["already_so"] == 150
    assert (counts["already_so"] >= len(holds)) is not bool(options), "looked at, or not"
    # Those that had ended were not even looked at.
    writes = [one for one in stage.stripe.requests()[before:] if one["method"] == "POST"]
    assert len(writes) <= 150 - recorded
    assert _effects(stage, names) == {1}
    out = migrations.folder / "out.csv"
    drive = migrations.drive(path)
    assert drive.call("report", events[-1]["id"], "--csv", str(out)).returncode == 0
    assert len(list(csv.DictReader(out.open()))) == 150
    # The option again does no harm, nor is it needed any more.
    assert migrations.run(path, "--continue-in-new-journal")[0] == 0
    assert migrations.run(path)[0] == 0


@pytest.mark.extended
def test_another_journal_stops_a_driver_at_once(stage: Stage, migrations: Migrations) -> None:
    """Also if the other journal has a migration of the same file."""
    registry = migrations.registry
    _, path = migrations.customers(100)
    run = migrations.entered(path)
    registry.throttle(run.id, 20)
    with migrations.results(run) as results:
        driving = Driving(run.driver(registry, results))
        wait_until(lambda: registry.status(run.id).ended_rows > 5, "nothing ends")
        known = results.journal
        assert known == stage.redis.get("cards:journal")
        stage.redis.set("cards:journal", "e" * 32)
        with pytest.raises(JournalLost) as lost:
            driving.wait()
        assert (lost.value.known, lost.value.found) == (known, "e" * 32)
        assert lost.value.recorded == len(results) > 0
        with pytest.raises(JournalLost):
            run.driver(registry, results).run()
        assert results.journal == known
    code, _ = migrations.run(path)
    assert code == _LOST
    # What was sent to this very Redis ends, but for the worker, which is to be started again.
    stage.workers[0].kill()
    code, last = migrations.run(path, "--continue-in-new-journal", "--rps", "1000")
    assert (code, last["counts"]["applied"]) == (0, 100)


@pytest.mark.extended
def test_results_of_an_earlier_version(stage: Stage, migrations: Migrations) -> None:
    """Without a recorded journal, a run continues where its migration is, and never starts anew."""
    _, path = migrations.customers(20)
    assert migrations.run(path, "--limit", "5")[0] == 4
    (file,) = migrations.folder.glob("mig_*.sqlite")

    def as_before() -> None:
        with sqlite3.connect(file) as db:
            db.execute("DROP TABLE about")
            db.execute("DROP TABLE sent")
        db.close()

    as_before()
    assert migrations.run(path, "--limit", "5")[0] == 4
    as_before()
    stage.redis.flushall()
    code, answer = migrations.run(path)
    assert (code, answer["code"]) == (_LOST, "journal_lost")
    stage.workers[0].kill()
    stage.workers[0].ready()
    code, last = migrations.run(path, "--continue-in-new-journal")
    assert (code, last["counts"]["applied"]) == (0, 20)


@pytest.mark.extended
def test_rejected_rows_are_carried_over(stage: Stage, migrations: Migrations) -> None:
    """They stay rejected, with their codes, and do not stop the continued run."""
    names = [stage.customer("Carry") for _ in range(30)]
    bad = [f"{one},card_nosuch" for one in names[:10]]
    path = migrations.file(*bad, *(f"{one},{stage.card(one)}" for one in names[10:]), "kus_x,y")
    assert migrations.run(path, "--limit", "15")[0] == 4
    stage.redis.flushall()
    stage.workers[0].kill()
    stage.workers[0].ready()
    options = ("--continue-in-new-journal", "--stop-after-failures", "5")
    code, last = migrations.run(path, *options)
    assert (code, last["state"]) == (1, "finished")
    counts = {state: count for state, count in last["counts"].items() if count}
    assert counts == {"applied": 20, "rejected": 10, "invalid": 1}
    assert last["codes"] == {"resource_missing": 10, "parameter_invalid": 1}
    run = migrations.entered(path)
    with migrations.results(run) as results:
        assert results.counts() == {RowState.APPLIED: 20, RowState.REJECTED: 10}
        assert results.unrecorded() == 0
        assert run.driver(migrations.registry, results).run() is Ended.FINISHED


def _web(stage: Stage, folder: Path) -> WebProcess:
    return WebProcess(stage.valkey.url, CARDS_MIGRATIONS_DIR=str(folder), CARDS_LANGUAGE="en")


def _upload(web: WebProcess, path: Path, **params: str) -> httpx.Response:
    return httpx.post(
        f"{web.url}/api/migrations",
        params={"name": "cards.csv", **params},
        content=path.read_bytes(),
        timeout=60,
    )


@pytest.mark.extended
def test_web_reports_the_loss_and_continues_by_upload(stage: Stage, migrations: Migrations) -> None:
    """API, page and list report it; the same file needs the parameter to continue."""
    names, path = migrations.customers(80)
    folder = migrations.folder
    with _web(stage, folder) as web:
        entered = _upload(web, path, run="true", rps="20").json()
        migration = entered["data"]["migration"]["id"]
        url = f"{web.url}/api/migrations/{migration}"
        wait_until(lambda: httpx.get(url).json()["data"]["counts"]["applied"] > 5, "none applied")
        driver = int(httpx.get(url).json()["data"]["driver"].split(":")[1])
        stage.redis.flushall()
        wait_until(lambda: httpx.get(url).status_code == 409, "not reported")
        wait_until(lambda: _gone(driver), "the driver goes on")
        lost = httpx.get(url).json()
        assert (lost["code"], lost["data"]["found"]) == ("journal_lost", None)
        assert lost["data"]["recorded"] == lost["data"]["counts"]["applied"] > 5
        assert "Restore Redis" in lost["message"]
        wait_until(lambda: "has stopped: Redis has lost" in web.log, "not in web's log")
        for action in ("run", "pause", "throttle"):
            answer = httpx.post(
                f"{url}/{action}", json={"rps": 5} if action == "throttle" else None
            )
            assert (answer.status_code, answer.json()["code"]) == (409, "journal_lost")
        page = httpx.get(f"{web.url}/migrations/{migration}")
        assert page.status_code == 409
        assert "Redis has lost the data it was running with" in page.text
        assert "Restore Redis" in page.text
        assert f'href="/migrations/{migration}"' in httpx.get(f"{web.url}/migrations").text
        wait_until(lambda: _upload(web, path).status_code == 503, "an upload is taken")
    stage.workers[0].kill()
    stage.workers[0].ready()
    with _web(stage, folder) as web:
        url = f"{web.url}/api/migrations/{migration}"
        refused = _upload(web, path, run="true")
        assert (refused.status_code, refused.json()["code"]) == (409, "journal_lost")
        assert httpx.get(url).status_code == 409
        again = _upload(web, path, **{"continue-in-new-journal": "true"})
        assert again.status_code == 201, again.text
        status = again.json()["data"]["migration"]
        assert status["state"] == "paused", "it waits to be run, as any upload"
        assert status["counts"]["applied"] == lost["data"]["recorded"]
        assert httpx.post(f"{url}/run").status_code == 200
        wait_until(lambda: httpx.get(url).json()["data"]["state"] == "finished", "the end")
        counts = httpx.get(url).json()["data"]["counts"]
        assert counts["applied"] + counts["already_so"] == 80
        assert "Redis has lost" not in httpx.get(f"{web.url}/migrations").text
    assert _effects(stage, names) == {1}


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _effects(stage: Stage, names: list[str]) -> set[int]:
    """How often the customers' defaults were set."""
    return {len(stage.applied(name)) for name in names}
