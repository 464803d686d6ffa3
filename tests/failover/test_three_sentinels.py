"""Redis behind three sentinels; a command is accepted once a replica has it too."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from local.servers.sentinels import Sentinels
from tests.failover.deployment import Deployment

pytestmark = pytest.mark.crash
ACCEPTS_S, CARRIES_OUT_S = 5.0, 15.0


@pytest.fixture(scope="module")
def sentinels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sentinels]:
    folder = tmp_path_factory.mktemp("six")
    # A primary that seems dead because the machine is busy continues for a moment, and what only
    # it and one replica then have is lost: hence the three seconds.
    with Sentinels(
        folder, min_replicas=1, max_lag_s=2, down_after_ms=3000, info_period_ms=500
    ) as made:
        yield made


@pytest.fixture(scope="module")
def deployment(
    sentinels: Sentinels, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("deployment")
    with Deployment(folder, sentinels.url, CARDS_REPLICAS="1") as made:
        yield made


@pytest.mark.extended
@pytest.mark.parametrize("how", ["killed", "handed over", "paused"])
def test_another_becomes_the_primary(
    sentinels: Sentinels, deployment: Deployment, how: str
) -> None:
    """Commands are soon accepted and executed again, by the same processes, and none is lost.

    Waiting callers are answered, and /readyz says what is missing meanwhile.
    """
    with deployment.sending() as sender, deployment.waiting_callers() as callers:
        old = sentinels.until_primary()
        match how:
            case "killed":
                sentinels.kill_primary()
                assert "Redis" in deployment.until_not_ready()
            case "paused":
                sentinels.pause_primary()
                assert "Redis" in deployment.until_not_ready()
            case _:
                sentinels.fail_over(coordinated=True)
        callers.release()
        sentinels.until_primary(other_than=old)
        moved = time.monotonic()
        sender.until_accepted(moved, ACCEPTS_S)
        callers.answered(CARRIES_OUT_S)
        sentinels.bring_back(old)
        sender.until_accepted(time.monotonic(), ACCEPTS_S)
    deployment.carried_out([*sender.accepted, *callers.commands], CARRIES_OUT_S)
    deployment.until_ready()
    deployment.unchanged()
