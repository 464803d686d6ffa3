"""The log of a worker process and of web as JSON, as a log store gets it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from producer.contract import State
from tests.crash.stage import Stage

pytestmark = pytest.mark.integration


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path) as made:
        yield made


def test_a_command_that_is_done_has_one_line_with_its_fields(stage: Stage) -> None:
    """Each line a worker logs is a JSON object; that of a command's end says all about it."""
    worker = stage.worker("json", "interactive,bulk", CARDS_LOG_FORMAT="json")
    worker.ready()
    customer = stage.customer()
    command = stage.set_default(customer)
    stage.ended(command, State.SUCCEEDED)
    lines: list[dict[str, Any]] = [
        json.loads(line) for line in worker.log.splitlines() if line.startswith("{")
    ]
    (told,) = [one for one in lines if one.get("state") == "succeeded"]
    assert (told["command_id"], told["customer"], told["attempt"]) == (command, customer, 1)
    assert (told["lane"], told["command"]) == ("interactive", "SetDefaultCard")
    assert all(one["level"] and one["logger"] and one["message"] for one in lines)
