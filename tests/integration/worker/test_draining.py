"""Pausing and resuming lanes with the command line while a worker runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from producer.cli.app import run
from producer.cli.exits import Exit
from producer.contract import Lane, State
from tests.crash.stage import Stage
from tests.crash.worker_process import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with Stage(tmp_path) as made:
        monkeypatch.setenv("REDIS_URL", made.valkey.url)
        made.worker("draining", "interactive,bulk").ready()
        yield made


def test_draining_finishes_running_and_starts_no_commands(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """A drain reports running commands, ends with them, and later commands wait."""
    customer = stage.customer()
    with_hold = stage.hold(customer, "before")
    held = stage.set_default(customer)
    with_hold.wait()
    assert run(["drain", "--timeout", "0", "--json"]) == Exit.NOT_ENDED
    assert json.loads(capsys.readouterr().out) == {"drained": False, "atWork": 1}

    with_hold.release()
    assert run(["drain"]) == Exit.DONE
    assert "drained" in capsys.readouterr().out
    stage.ended(held, State.SUCCEEDED)
    waiting = [stage.set_default(stage.customer(), lane=lane) for lane in Lane]
    assert run(["doctor"]) in (Exit.UNREACHABLE, Exit.NOT_DONE)  # no web process runs here
    shown = capsys.readouterr().out
    assert all(f"cards resume-lane {lane}" in shown for lane in Lane)
    assert all(not stage.requests(one) for one in waiting)

    for lane in Lane:
        assert run(["resume-lane", lane.value]) == Exit.DONE
    for one in waiting:
        stage.ended(one, State.SUCCEEDED)


def test_fetched_commands_are_held(stage: Stage) -> None:
    """Commands of a bulk message that a worker already fetched do not start once paused."""
    customer = stage.customer()
    with_hold = stage.hold(customer, "before")
    first = stage.set_default(customer, lane=Lane.BULK)
    with_hold.wait()
    behind = stage.set_default(customer, number=1, lane=Lane.BULK)
    wait_until(lambda: stage.status(behind).state is State.WAITING, "it is in the worker's hand")
    assert run(["pause-lane", "bulk", "--reason", "a test"]) == Exit.DONE
    with_hold.release()
    stage.ended(first, State.SUCCEEDED)
    # Everything that could start has started: another lane's command has ended.
    stage.ended(stage.set_default(stage.customer()), State.SUCCEEDED)
    assert not stage.requests(behind)
    assert run(["resume-lane", "bulk"]) == Exit.DONE
    stage.ended(behind, State.SUCCEEDED)
