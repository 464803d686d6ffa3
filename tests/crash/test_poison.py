"""A command that kills its worker, and handlers that raise."""

from __future__ import annotations

import re

import pytest

from producer.contract import Lane, State
from tests.crash.stage import Stage
from tests.crash.worker_process import Worker

pytestmark = pytest.mark.crash


def test_command_that_kills_its_worker(stage: Stage, victim: Worker, keeper: Worker) -> None:
    """It is tried three times and fails; commands in flight beside it succeed."""
    deaths = len(victim.exits) + len(keeper.exits)
    bystander = stage.customer()
    hold = stage.hold(bystander, "after")
    innocent = stage.set_default(bystander)
    hold.wait()
    poison = stage.set_default(stage.customer("Poison"))
    found = stage.ended(poison, State.FAILED)
    assert found.attempts == 3
    assert found.result is not None
    assert found.result.code == "poison"
    log = victim.log + keeper.log
    assert re.search(f"{poison}: attempt 2, since the worker of the previous attempt is gone", log)
    assert re.search(f"{poison}: attempt 3, .* gone; alone, in a process of its own", log)
    assert re.search(f"{poison}: poison: tried alone, its process was killed by SIGKILL", log)
    assert len(victim.exits) + len(keeper.exits) == deaths + 2
    stage.ended(innocent, State.SUCCEEDED)
    assert len(stage.effects(innocent)) == 1
    hold.release()
    stage.ended(stage.set_default(stage.customer(), lane=Lane.BULK), State.SUCCEEDED)


@pytest.mark.parametrize("when", ["Before", "After"])
def test_handler_that_raises(stage: Stage, when: str) -> None:
    """A command whose handler raises is tried three times and fails; others are executed."""
    customer = stage.customer(f"Raises{when}")
    command = stage.set_default(customer, lane=Lane.BULK)
    other = stage.set_default(stage.customer(), lane=Lane.BULK)
    assert stage.ended(command, State.FAILED).attempts == 3
    stage.ended(other, State.SUCCEEDED)
    following = stage.assign(stage.customer(), lane=Lane.BULK)
    stage.ended(following, State.SUCCEEDED)


def test_replay_does_not_repeat_an_effect(stage: Stage) -> None:
    """A replay of a failed command that had taken effect finds the effect and sends nothing."""
    command = stage.assign(stage.customer("RaisesAfter"), lane=Lane.BULK)
    stage.ended(command, State.FAILED)
    assert len(stage.effects(command)) == 1
    sent = len(stage.requests(command))
    stage.client.replay(command)
    stage.ended(command, State.SUCCEEDED)
    assert len(stage.effects(command)) == 1
    assert len(stage.requests(command)) == sent
