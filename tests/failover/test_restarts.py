"""Redis is killed and restarted at once, or is still loading its data."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import redis

from local.servers.asking import ask
from local.servers.valkey import ValkeyServer
from tests.failover.deployment import Deployment

pytestmark = pytest.mark.crash
ACCEPTS_S, CARRIES_OUT_S = 5.0, 15.0
# Twenty seconds, cut short as soon as all processes have noticed.
_KEYS, _KEY_DELAY_US = 2_000, 10_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    with ValkeyServer(tmp_path_factory.mktemp("valkey")) as made:
        yield made


@pytest.fixture(scope="module")
def deployment(
    server: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    with Deployment(tmp_path_factory.mktemp("deployment"), server.url) as made:
        yield made


def test_killed_and_restarted_at_once(server: ValkeyServer, deployment: Deployment) -> None:
    """Three times, the same processes continue with the running commands."""
    with deployment.sending() as sender, deployment.waiting_callers() as callers:
        for _ in range(3):
            server.restart()
            sender.until_accepted(time.monotonic(), ACCEPTS_S)
        callers.release()
        callers.answered(CARRIES_OUT_S)
    deployment.carried_out([*sender.accepted, *callers.commands], CARRIES_OUT_S)
    deployment.until_ready()
    deployment.unchanged()


@pytest.mark.extended
def test_a_loading_server(server: ValkeyServer, deployment: Deployment) -> None:
    """While Redis loads its data, /readyz and a new worker say so; then all work."""
    with redis.Redis.from_url(server.url) as client:
        with client.pipeline(transaction=False) as pipe:
            for number in range(_KEYS):
                pipe.set(f"filling:{number}", "x" * 100)
            pipe.execute()
        client.bgrewriteaof()  # only keys of the base file can be made to load slowly
        while client.info("persistence")["aof_rewrite_in_progress"]:
            time.sleep(0.02)
        assert client.info("persistence")["aof_last_bgrewrite_status"] == "ok"
    server.config |= {
        "key-load-delay": str(_KEY_DELAY_US),
        "loading-process-events-interval-bytes": "1024",
    }
    with deployment.sending() as sender:
        restarted = threading.Thread(target=server.restart)
        restarted.start()
        late = deployment.worker("late")
        assert "Redis" in deployment.until_not_ready()
        late.wait_for_log("(?i)loading")
        ask(server, "CONFIG", "SET", "key-load-delay", 0)
        restarted.join()
        sender.until_accepted(time.monotonic(), ACCEPTS_S)
        late.ready()
    deployment.carried_out([*sender.accepted], CARRIES_OUT_S)
    deployment.unchanged()
    assert not late.exits, late.log[-3000:]
