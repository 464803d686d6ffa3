"""The stage that the crash tests share, since starting a worker costs two seconds.

Tests use customers of their own, and leave no worker stopped and no fault behind.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crash.stage import Stage
from tests.crash.worker_process import Worker


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage with a keeper on the bulk lane and a victim on the interactive one."""
    with Stage(tmp_path_factory.mktemp("stage")) as made:
        made.worker("keeper", queues="bulk", CARDS_STRIPE_TIMEOUT="2")
        made.worker("victim", queues="interactive", CARDS_WORKER_CONCURRENCY="6")
        yield made


@pytest.fixture
def stage(servers: Stage) -> Iterator[Stage]:
    """The stage, with all its workers ready; remaining faults are removed after the test."""
    for worker in servers.workers:
        worker.ready()
    # Messages of killed workers would return during a later test.
    servers.redis.delete("unacked", "unacked_index")
    yield servers
    servers.stripe.clear_faults()


@pytest.fixture
def victim(stage: Stage) -> Worker:
    """The worker of the interactive lane; it is restarted whenever it ends."""
    return stage.workers[1]


@pytest.fixture
def keeper(stage: Stage) -> Worker:
    """The worker of the bulk lane, which takes over from the victim."""
    return stage.workers[0]
