"""The address of Redis leads to another server, while the old one keeps its connections open."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from local.processes.waiting import until
from local.servers.replication import Old, Open, Pair
from tests.failover.deployment import Deployment

pytestmark = pytest.mark.crash
ACCEPTS_S, CARRIES_OUT_S = 5.0, 15.0


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with Pair(tmp_path_factory.mktemp("pair")) as made:
        yield made


@pytest.fixture(scope="module")
def deployment(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with Deployment(tmp_path_factory.mktemp("deployment"), pair.url) as made:
        yield made


@pytest.mark.parametrize(
    ("old", "open"),
    [
        (Old.DEMOTED, Open.KEPT),
        pytest.param(Old.CUT_OFF, Open.KEPT, marks=pytest.mark.extended),
        pytest.param(Old.DEMOTED, Open.SWALLOWED, marks=pytest.mark.extended),
        pytest.param(Old.DEMOTED, Open.CUT, marks=pytest.mark.extended),
    ],
)
def test_the_address_moves(pair: Pair, deployment: Deployment, old: Old, open: Open) -> None:
    """Commands are soon accepted and executed again, by the same processes, and none is lost.

    Callers that waited for commands at Stripe are answered.
    """
    with deployment.sending() as sender, deployment.waiting_callers() as callers:
        pair.fail_over(old, open)
        moved = time.monotonic()
        callers.release()
        # A connection that never answers is closed after the answer's timeout, five seconds.
        accepts_s = ACCEPTS_S if open is not Open.SWALLOWED else 2 * ACCEPTS_S
        sender.until_accepted(moved, accepts_s)
        callers.answered(CARRIES_OUT_S)
    deployment.carried_out([*sender.accepted, *callers.commands], CARRIES_OUT_S)
    deployment.until_ready()
    deployment.unchanged()
    pair.restore()


def test_no_primary_for_a_while(pair: Pair, deployment: Deployment) -> None:
    """While Redis accepts no writes, /readyz and a new worker say why; then the worker works."""
    with deployment.sending() as sender:
        pair.step_down()
        assert "Redis" in deployment.until_not_ready()
        late = deployment.worker("late")
        late.wait_for_log("(?i)replica|read.?only")
        until(lambda: (503, "unavailable") in sender.refusals, "HTTP answers 503")
        pair.step_up()
        up = time.monotonic()
        sender.until_accepted(up, ACCEPTS_S)
        late.ready()
    deployment.carried_out([*sender.accepted], CARRIES_OUT_S)
    deployment.until_ready()
    deployment.unchanged()
    assert not late.exits, late.log[-3000:]
    # The former replica follows again.
    pair.restore()
