"""Servers that many tests share: a real Valkey, emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis
from hypothesis import settings

from local.servers.valkey import ValkeyServer, valkey_binary

if TYPE_CHECKING:
    from tests.crash.stage import Stage

# No test depends on the machine's speed: examples take the time they take.
settings.register_profile("cards", deadline=None)
settings.load_profile("cards")


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """A real Valkey for the whole run, not durable: tests of crashes start their own."""
    directory: Path = tmp_path_factory.mktemp("valkey")
    with ValkeyServer(directory, config={"appendonly": "no"}) as server:
        yield server


@pytest.fixture(scope="session")
def migrating_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage with one worker for both lanes, for all tests that run migrations."""
    from tests.crash.stage import Stage

    with Stage(tmp_path_factory.mktemp("migrating")) as made:
        made.worker("one", queues="interactive,bulk", CARDS_WORKER_CONCURRENCY="20").ready()
        yield made


@pytest.fixture
def redis_url(valkey_server: ValkeyServer) -> str:
    """The URL of an empty Valkey."""
    with redis.Redis.from_url(valkey_server.url) as client:
        client.flushall()
    return valkey_server.url


def pytest_report_header() -> str:
    """Which server the tests run on."""
    return f"server: {valkey_binary()}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: they mostly wait, and others run beside them."""
    items.sort(key=lambda item: item.get_closest_marker("crash") is None)
