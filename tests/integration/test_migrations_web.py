"""Uploads from a web process to the report, with a worker and the sandbox."""

from __future__ import annotations

import csv
import io
import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.crash.stage import Stage
from tests.crash.worker_process import wait_until
from tests.unit.http.web import WebProcess

pytestmark = pytest.mark.integration

_ROWS = 40


@pytest.fixture(scope="module")
def stage(migrating_stage: Stage) -> Stage:
    """A stage with one worker for both lanes."""
    return migrating_stage


def _web(stage: Stage, folder: Path) -> WebProcess:
    return WebProcess(stage.valkey.url, CARDS_MIGRATIONS_DIR=str(folder), CARDS_LANGUAGE="en")


def _upload(stage: Stage, web: WebProcess, **parameters: str) -> str:
    customers = [stage.customer("Web") for _ in range(_ROWS)]
    lines = ["userId,default_source", *(f"{one},{stage.card(one)}" for one in customers), ""]
    params = {"name": "cards.csv", **parameters}
    answer = httpx.post(
        f"{web.url}/api/migrations", params=params, content="\n".join(lines).encode(), timeout=60
    )
    migration: str = answer.json()["data"]["migration"]["id"]
    return migration


def _status(web: WebProcess, migration: str) -> dict[str, Any]:
    status: dict[str, Any] = httpx.get(f"{web.url}/api/migrations/{migration}").json()["data"]
    assert sum(status["counts"].values()) == status["rows"] == _ROWS
    return status


def _driver(web: WebProcess, migration: str, *, other_than: int = 0) -> int:
    """The process that drives the migration, once there is one."""
    found = 0

    def there() -> bool:
        nonlocal found
        driver = _status(web, migration)["driver"]
        found = int(driver.split(":")[1]) if driver else 0
        return found not in (0, other_than)

    wait_until(there, "a driver")
    return found


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _finished(web: WebProcess, migration: str) -> bool:
    return bool(_status(web, migration)["state"] == "finished")


def test_from_the_upload_to_the_report(stage: Stage, tmp_path: Path) -> None:
    """Uploaded, run, and followed by events to the end; the report has each row once."""
    with _web(stage, tmp_path) as web:
        migration = _upload(stage, web)
        url = f"{web.url}/api/migrations/{migration}"
        assert httpx.post(f"{url}/run").json()["status"]
        with httpx.stream("GET", f"{url}/events", timeout=60) as events:
            lines = [line for line in events.iter_lines() if line.startswith("data:")]
        assert f'"applied":{_ROWS}' in lines[-1]
        rows = list(csv.DictReader(io.StringIO(httpx.get(f"{url}/report.csv", timeout=60).text)))
        assert [int(row["number"]) for row in rows] == list(range(1, _ROWS + 1))
        assert {row["state"] for row in rows} == {"applied"}
        assert all(row["before"] for row in rows)
        assert httpx.post(f"{url}/run").json()["data"]["state"] == "finished"


def test_a_killed_driver_is_replaced(stage: Stage, tmp_path: Path) -> None:
    """A driver is killed in the middle; another one takes over and finishes."""
    with _web(stage, tmp_path) as web:
        migration = _upload(stage, web, run="true", rps="4")
        first = _driver(web, migration)
        os.kill(first, signal.SIGKILL)
        _driver(web, migration, other_than=first)
        httpx.post(f"{web.url}/api/migrations/{migration}/throttle", json={"rps": None})
        wait_until(lambda: _finished(web, migration), "the end")
        assert _status(web, migration)["counts"]["applied"] == _ROWS


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_driver_ends_and_restarts_with_web(
    stage: Stage, tmp_path: Path, how: signal.Signals
) -> None:
    """However web ends, its driver ends too; another web with the folder continues."""
    with _web(stage, tmp_path) as web:
        migration = _upload(stage, web, run="true", rps="2")
        driver = _driver(web, migration)
        web.signal(how)
        wait_until(lambda: _gone(driver), "the driver's end")
    with _web(stage, tmp_path) as web:
        _driver(web, migration, other_than=driver)
        httpx.post(f"{web.url}/api/migrations/{migration}/throttle", json={"rps": None})
        wait_until(lambda: _finished(web, migration), "the end")
        assert _status(web, migration)["counts"]["applied"] == _ROWS


def test_two_webs_have_one_driver(stage: Stage, tmp_path: Path) -> None:
    """Both web processes of a machine know the upload; it is sent once."""
    with _web(stage, tmp_path) as one, _web(stage, tmp_path) as two:
        migration = _upload(stage, one)
        assert httpx.post(f"{two.url}/api/migrations/{migration}/run").json()["status"]
        wait_until(lambda: _finished(one, migration), "the end")
        counts = _status(two, migration)["counts"]
        assert counts["applied"] == _ROWS


def test_a_migration_of_another_machine_is_cancelled_here(stage: Stage, tmp_path: Path) -> None:
    """Without the file, a web process carries out a cancellation if there is no driver."""
    with _web(stage, tmp_path / "one") as one:
        migration = _upload(stage, one)
    (tmp_path / "one").rename(tmp_path / "out of reach")
    with _web(stage, tmp_path / "two") as two:
        url = f"{two.url}/api/migrations/{migration}"
        assert httpx.get(f"{url}/report.csv", timeout=60).json()["code"] == "file_elsewhere"
        assert httpx.post(f"{url}/cancel").json()["status"]
        wait_until(lambda: _status(two, migration)["state"] == "cancelled", "the end")
        assert _status(two, migration)["counts"]["cancelled"] == _ROWS


def test_a_pilot_ends_paused_and_the_rest_follows(stage: Stage, tmp_path: Path) -> None:
    """`run?limit=N` sends N rows and pauses; `run` sends the rest, also during a pilot."""
    with _web(stage, tmp_path) as web:
        migration = _upload(stage, web)
        url = f"{web.url}/api/migrations/{migration}"
        assert httpx.post(f"{url}/run?limit=7").json()["status"]
        wait_until(lambda: _status(web, migration)["state"] == "paused", "the pilot's end")
        assert _status(web, migration)["counts"]["applied"] == 7
        wrong = httpx.post(f"{url}/run?limit=0")
        assert (wrong.status_code, wrong.json()["code"]) == (400, "parameter_invalid")
        httpx.post(f"{url}/throttle", json={"rps": 1})
        httpx.post(f"{url}/run?limit=20")
        _driver(web, migration)
        httpx.post(f"{url}/throttle", json={"rps": None})
        httpx.post(f"{url}/run")
        wait_until(lambda: _finished(web, migration), "the end")
        assert _status(web, migration)["counts"]["applied"] == _ROWS


def test_reports_are_complete_on_another_machine(stage: Stage, tmp_path: Path) -> None:
    """A page asks for the missing file; once it is uploaded there, all outputs are the same.

    Nothing is sent again, and the first machine may be gone.
    """
    names = ("report.csv", "report.jsonl", "errors.csv", "undo.csv")
    lines = [f"{one},{stage.card(one)}" for one in (stage.customer("Two") for _ in range(_ROWS))]
    lines[3] = f"{lines[3]}n9"
    content = "\n".join(["userId,default_source", *lines, ""]).encode()
    params = {"name": "cards.csv", "run": "true"}
    with _web(stage, tmp_path / "one") as one:
        answer = httpx.post(f"{one.url}/api/migrations", params=params, content=content, timeout=60)
        migration = answer.json()["data"]["migration"]["id"]
        wait_until(lambda: _finished(one, migration), "the end")
        url = f"{one.url}/api/migrations/{migration}"
        first = {name: httpx.get(f"{url}/{name}", timeout=60).text for name in names}
    assert len(first["undo.csv"].splitlines()) == _ROWS
    (tmp_path / "one").rename(tmp_path / "out of reach")
    with _web(stage, tmp_path / "two") as two:
        url = f"{two.url}/api/migrations/{migration}"
        assert httpx.get(f"{url}/undo.csv", timeout=60).json()["code"] == "file_elsewhere"
        page = httpx.get(f"{two.url}/migrations/{migration}/undo.csv", timeout=60)
        assert page.status_code == 409
        assert "Upload the same file here" in page.text
        params = {"name": "cards.csv"}
        again = httpx.post(f"{two.url}/api/migrations", params=params, content=content, timeout=60)
        assert (again.status_code, again.json()["data"]["created"]) == (200, False)
        second = {name: httpx.get(f"{url}/{name}", timeout=60).text for name in names}
    assert second == first
