"""Killed processes of Celery's prefork pool, which a user may choose."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from producer.contract import State
from tests.crash.stage import Stage
from tests.crash.worker_process import Worker, wait_until

pytestmark = pytest.mark.crash


@pytest.fixture
def prefork(stage: Stage, victim: Worker) -> Iterator[Worker]:
    """The victim, with two child processes in place of threads."""
    # Celery's older name: `prefork` is the option's default, which the app's setting overrides.
    victim.options = ["-P", "processes", "-c", "2"]
    with victim.ending():
        victim.kill()
    wait_until(lambda: len(victim.children) == 2, "no children")
    victim.options = []  # the next one is as usual
    yield victim
    if victim.children:
        with victim.ending():
            victim.kill()


def test_child_and_parent_are_killed(stage: Stage, prefork: Worker) -> None:
    """Commands at Stripe of a killed child, and then of its killed parent, take effect once."""
    customers = [stage.customer(), stage.customer()]
    holds = [stage.hold(customers[0], "before"), stage.hold(customers[1], "after")]
    commands = [stage.set_default(customer) for customer in customers]
    for hold in holds:
        hold.wait()
    child = prefork.children[0]
    os.kill(child, signal.SIGKILL)
    wait_until(lambda: child not in prefork.children, "the child lives")
    with prefork.ending():
        prefork.kill()
    for hold in holds:
        hold.release()
    for command in commands:
        stage.ended(command, State.SUCCEEDED)
        assert len(stage.effects(command)) == 1
