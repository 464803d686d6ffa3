"""Sweeps name a worker as alive only while its consumer polls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from producer.journal import Call, Journal, JournalFault, JournalWatch
from producer.redis import RedisConfig
from worker.celery.consumer_activity import ConsumerActivity
from worker.celery.prefetch import Prefetch
from worker.execution.executor import Executor
from worker.execution.sweeper import Sweeper
from worker.observability.task_events import TaskEvents


class _Executor:
    spare = 0


class _Journal:
    """Records the worker's name in each sweep."""

    def __init__(self) -> None:
        self.names: list[str] = []

    async def __call__(self, call: Call[Any]) -> Any:
        if call.script is None:  # the read of the journal's identity
            return call.parse(["same", "same"])
        self.names.append(str(call.args[0]))
        return call.parse([[], [], ["an id with spaces superseded", "garbage", ""], []])


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    now = [1000.0]
    monkeypatch.setattr("worker.celery.consumer_activity.time.monotonic", lambda: now[0])
    yield now
    ConsumerActivity.forget()


def _sweeper(journal: Journal) -> Sweeper:
    config = RedisConfig.of("redis://127.0.0.1:1/0")
    events = TaskEvents(None, config.database, "w", lambda: 1)
    executor = cast(Executor, _Executor())
    return Sweeper(journal, JournalWatch(config), Prefetch(1), executor, events, "w")


async def _name(journal: _Journal) -> str:
    await _sweeper(cast(Journal, journal))._sweep()
    return journal.names[-1]


async def test_only_a_worker_that_polls_is_named(clock: list[float]) -> None:
    """After ten seconds without a poll the sweep no longer reports the worker as alive."""
    journal = _Journal()
    ConsumerActivity.start()
    assert await _name(journal) == "w"
    clock[0] += 11
    assert await _name(journal) == ""
    ConsumerActivity.note()
    assert await _name(journal) == "w"


async def test_a_child_of_a_pool_is_named(clock: list[float]) -> None:
    """The consumer of a pool's child process is in another process, so the child is named."""
    ConsumerActivity.start()
    ConsumerActivity.forget()
    ConsumerActivity.note()
    clock[0] += 100
    assert await _name(_Journal()) == "w"


async def test_errors_do_not_end_the_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a damaged key nor an exception ends the sweeps."""
    errors: list[Exception] = [JournalFault(ValueError("x")), KeyError("x")]
    swept = 0

    class Ended(BaseException):
        """Ends the test."""

    async def sweep(_: Any) -> None:
        nonlocal swept
        swept += 1
        if errors:
            raise errors.pop()
        raise Ended

    async def no_time(_: float) -> None:
        return

    monkeypatch.setattr("worker.execution.sweeper.asyncio.sleep", no_time)
    monkeypatch.setattr(Sweeper, "_sweep", sweep)
    sweeper = _sweeper(cast(Journal, None))
    with pytest.raises(Ended):
        await sweeper.run()
    assert swept == 3
