"""SIGTERM to a worker: a deploy."""

from __future__ import annotations

import signal
import time

import pytest

from producer.contract import Lane, State
from tests.crash.stage import Stage
from tests.crash.worker_process import Worker, wait_until

pytestmark = pytest.mark.crash


def test_deploy_redoes_nothing(stage: Stage, victim: Worker) -> None:
    """On SIGTERM a worker finishes its requests at Stripe, leaves the rest to others, and ends.

    No request is sent twice, and the worker ends within 30 s.
    """
    customers = [stage.customer() for _ in range(10)]
    # As many as the worker has slots, and longer than it takes to end without them.
    holds = [stage.hold(customer, "after", seconds=2) for customer in customers[:6]]
    commands = [stage.set_default(customer) for customer in customers]
    for hold in holds:
        hold.wait()
    following = stage.set_default(customers[0], 1, Lane.BULK)
    wait_until(lambda: stage.status(following).state is State.WAITING, "it does not wait")
    signalled_at = time.monotonic()
    with victim.ending():
        victim.signal(signal.SIGTERM)
    assert time.monotonic() - signalled_at < 30
    assert victim.exits[-1] == 0
    for command in [*commands, following]:
        assert stage.ended(command, State.SUCCEEDED).attempts == 1
        assert len(stage.requests(command)) == 1
    assert stage.applied(customers[0]) == [commands[0], following]
