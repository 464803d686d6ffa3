"""The logs of worker and web as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from producer.contract import Lane, State
from producer.journal import Candidate, accept_many
from tests.crash.stage import Stage
from tests.crash.worker_process import Worker, wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path) as made:
        yield made


def test_an_ended_command_has_one_line_with_its_fields(stage: Stage) -> None:
    """Each line is a JSON object; the line of a command's end has all fields."""
    worker = stage.worker("json", "interactive,bulk", CARDS_LOG_FORMAT="json")
    worker.ready()
    customer = stage.customer()
    command = stage.set_default(customer)
    stage.ended(command, State.SUCCEEDED)
    (line,) = _ends(worker, 1)
    assert (line["command_id"], line["customer"], line["attempt"]) == (command, customer, 1)
    assert (line["lane"], line["command"]) == ("interactive", "SetDefaultCard")
    assert all(one["level"] and one["logger"] and one["message"] for one in _objects(worker))


def test_each_command_of_a_bulk_message_has_its_line(stage: Stage) -> None:
    """Each command of a bulk message is in the log under its id, as any other."""
    worker = stage.worker("many", "bulk", CARDS_LOG_FORMAT="json")
    worker.ready()
    orders = {f"many-{n}": stage.order(stage.customer()) for n in range(3)}
    stage.journal(accept_many([Candidate(*one) for one in orders.items()]))
    for command in orders:
        stage.ended(command, State.SUCCEEDED)
    lines = _ends(worker, len(orders))
    assert {one["command_id"]: one["customer"] for one in lines} == {
        command: order.customer for command, order in orders.items()
    }
    assert {one["lane"] for one in lines} == {Lane.BULK.value}


def _ends(worker: Worker, count: int) -> list[dict[str, Any]]:
    """The lines of succeeded commands, once they are there: they follow the ends."""

    def found() -> list[dict[str, Any]]:
        return [one for one in _objects(worker) if one.get("state") == "succeeded"]

    wait_until(lambda: len(found()) >= count, "the log has the ends")
    return found()


def _objects(worker: Worker) -> list[dict[str, Any]]:
    return [json.loads(line) for line in worker.log.splitlines() if line.startswith("{")]
