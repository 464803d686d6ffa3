"""The present code reads, executes and continues what previous releases wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from producer.contract import State
from producer.journal.operations.dead_letters import letters
from tests.compatibility.releases import GOLDEN, PREVIOUS, ROOT
from tests.compatibility.yesterday import Yesterday
from tests.crash.migrating import Drive
from tests.crash.stage import Stage
from tests.unit.http.web import WebProcess

pytestmark = pytest.mark.crash


@pytest.fixture(params=sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def yesterday(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Yesterday]:
    """What a release left, on a stage without a worker."""
    with Stage(tmp_path) as stage:
        yield Yesterday(stage, request.param)


def _worker(stage: Stage) -> None:
    # Without the code that made the release's worker fail.
    stage.worker("today", queues="interactive,bulk", PYTHONPATH=str(ROOT)).ready()


def _without_times(status: dict[str, Any]) -> dict[str, Any]:
    def known(value: object) -> bool:
        try:
            datetime.fromisoformat(str(value))
        except ValueError:
            return True
        return False

    return {name: value for name, value in status.items() if known(value)}


def test_the_previous_release_is_recorded() -> None:
    """`make golden RELEASE=…` was run for the deployed release."""
    assert (GOLDEN / f"{PREVIOUS[:12]}.json").is_file()


def test_statuses_are_the_same(yesterday: Yesterday) -> None:
    """Statuses, results, failed commands and dead letters are as the release itself showed them."""
    client = yesterday.stage.client
    for name, status in yesterday.statuses.items():
        found = client.status(yesterday.commands[name]).model_dump(mode="json")
        assert _without_times(status).items() <= found.items(), name
        assert {one for one, value in status.items() if value is None} <= {
            one for one, value in found.items() if value is None
        }
    assert [one.id for one in client.failed()] == yesterday.failed
    assert [kept.letter.reason for kept in yesterday.stage.journal(letters())]


def test_a_repetition_is_known(yesterday: Yesterday) -> None:
    """An idempotency key gives the release's command, through the client and over HTTP."""
    stage, commands = yesterday.stage, yesterday.commands
    for name, key in (("keyed", "order-1"), ("keyed, waiting", "order-2")):
        customer = stage.row(commands[name])["user"]
        again = stage.client.set_default(
            customer=customer, card=stage.card(customer), idempotency_key=key
        )
        assert again.id == commands[name]
    with WebProcess(stage.valkey.url) as web:
        url, sent = f"{web.url}/api/cards/default", yesterday.http
        answer = httpx.post(url, json=sent["body"], headers=sent["headers"])
    assert answer.status_code == 202
    assert answer.headers["Location"].split("/")[-1] == commands["http"]


def test_the_present_worker_ends_accepted_commands(yesterday: Yesterday) -> None:
    """Waiting, running, retried and failed commands succeed, each with one effect."""
    stage = yesterday.stage
    _worker(stage)
    stage.expire_visibility()
    assert yesterday.open
    for name, command in yesterday.open.items():
        stage.ended(command, State.SUCCEEDED)
        assert len(stage.effects(command)) == 1, name
    held = stage.row(yesterday.commands["at Stripe"])["user"]
    order = [yesterday.commands[name] for name in ("at Stripe", "behind it")]
    assert stage.applied(held) == order
    stage.ended(yesterday.http["celery"], State.SUCCEEDED)
    for command in yesterday.failed:
        stage.client.replay(command)
        stage.ended(command, State.SUCCEEDED)
    for name in ("succeeded", "assigned", "rejected", "cancelled", "keyed"):
        assert not stage.effects(yesterday.commands[name])


def test_a_migration_is_continued(yesterday: Yesterday) -> None:
    """Ended rows are not sent again, running ones end, and every row is accounted for."""
    stage, migration = yesterday.stage, yesterday.migration
    _worker(stage)
    drive = Drive(stage, yesterday.input, folder=yesterday.folder)
    try:
        ended = drive.call("run", str(yesterday.input), "--json")
        assert ended.returncode == 1, (ended.stdout, ended.stderr)  # a row is invalid
        report = drive.call("report", migration["id"], str(yesterday.input), "--json")
    finally:
        drive.close()
    assert "counts" in report.stdout, (report.stdout, report.stderr)
    counts = json.loads(report.stdout)["counts"]
    assert sum(counts.values()) == migration["rows"]
    assert counts["applied"] == migration["rows"] - 1
    rows = {line.split(",")[0] for line in migration["input"].splitlines()}
    done = [effect for effect in stage.stripe.effects() if effect["customer"] in rows]
    sent = [line for line in migration["results"] if 'INTO "sent"' in line]
    assert sum(effect["idempotency_key"] is not None for effect in done) == len(sent)
