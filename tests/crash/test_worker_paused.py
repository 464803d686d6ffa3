"""SIGSTOP to a worker for longer than its lease."""

from __future__ import annotations

import pytest

from producer.contract import Lane, State
from tests.crash.stage import Stage
from tests.crash.worker_process import Worker, wait_until

pytestmark = pytest.mark.crash


def test_paused_worker_is_fenced(stage: Stage, victim: Worker) -> None:
    """A worker that was stopped past its lease records no outcome and sends no further request.

    Others take its commands over in the meantime, and apply the customers' next commands.
    """
    sent, unsent, late = (stage.customer(name) for name in ("Sent", "StopsBeforeSending", "Late"))
    after, before = stage.hold(sent, "after"), stage.hold(late, "before")
    first = {sent: stage.set_default(sent), late: stage.set_default(late)}
    after.wait()
    before.wait()
    # The worst moment for a pause is between the check of the lease and the request.
    first[unsent] = stage.set_default(unsent)
    wait_until(victim.stopped, "the victim does not stop")
    since = len(victim.log)
    then = {one: stage.set_default(one, 1, Lane.BULK) for one in (sent, unsent, late)}
    for customer in (sent, unsent):
        stage.ended(first[customer], State.SUCCEEDED)
        stage.ended(then[customer], State.SUCCEEDED)
    # The stopped worker's request may still take effect: the next command waits for it.
    wait_until(lambda: stage.status(first[late]).state is State.UNKNOWN, "not taken over")
    assert not stage.applied(late)
    before.release()
    stage.ended(first[late], State.SUCCEEDED)
    stage.ended(then[late], State.SUCCEEDED)
    rows = {one: stage.row(one) for one in (*first.values(), *then.values())}

    victim.resume()
    after.release()
    for customer in (sent, late):
        victim.wait_for_log(f"command {first[customer]}: taken over", since)
    victim.wait_for_log(f"command {first[unsent]}: lease lost before sending", since)
    assert {one: stage.row(one) for one in rows} == rows
    assert len(stage.requests(first[unsent])) == 1
    for customer in (sent, unsent, late):
        assert stage.applied(customer) == [first[customer], then[customer]]
