"""Redis goes away, comes back, or forgets its clients."""

from __future__ import annotations

import re
import time
from collections import Counter

import pytest

from producer.contract import Lane, State
from producer.observability.repeated_log import TELL_S
from tests.crash.stage import Stage
from tests.crash.worker_process import Worker, wait_until

pytestmark = pytest.mark.crash


def test_connections_are_cut_while_at_stripe(stage: Stage, victim: Worker, keeper: Worker) -> None:
    """After all connections are killed Celery delivers again, and still sends one request each."""
    customers = [stage.customer() for _ in range(4)]
    holds = [stage.hold(customer, "after") for customer in customers]
    lanes = [Lane.INTERACTIVE, Lane.BULK] * 2
    commands = [
        stage.set_default(customer, lane=lane)
        for customer, lane in zip(customers, lanes, strict=True)
    ]
    for hold in holds:
        hold.wait()
    stage.cut_connections()
    # Each returns, finds its customer's lease held, and is acknowledged.
    for worker, command in zip([victim, keeper] * 2, commands, strict=True):
        worker.wait_for_receipts(command, 2)
    wait_until(lambda: not stage.unacknowledged(), "the messages do not come again")
    for hold in holds:
        hold.release()
    for command in commands:
        stage.ended(command, State.SUCCEEDED)
        assert len(stage.effects(command)) == 1
        assert len(stage.requests(command)) == 1


def test_redis_is_killed(stage: Stage, victim: Worker, keeper: Worker) -> None:
    """Commands accepted before Redis died are executed once afterwards, by any process.

    Celery's main process may end from it; a process started meanwhile waits for Redis.
    """
    customers = [stage.customer() for _ in range(12)]
    holds = [stage.hold(customer, "after") for customer in customers[:4]]
    commands = [
        stage.set_default(customer, 2, lane)
        for customer, lane in zip(customers, [*Lane] * 6, strict=True)
    ]
    for hold in holds:
        hold.wait()
    following = stage.set_default(customers[0], 1)
    ends, since = len(keeper.exits), len(keeper.log)
    stage.valkey.kill()
    # Stripe answers while Redis is away.
    for hold in holds:
        hold.release()
    wait_until(
        lambda: len(keeper.exits) > ends or "Cannot connect" in keeper.log[since:],
        "the keeper does not notice",
    )
    with victim.ending():
        victim.kill()
    since = len(victim.log)
    victim.wait_for_log("Cannot connect", since)
    stage.valkey.restart()
    for command in [*commands, following]:
        stage.ended(command, State.SUCCEEDED)
        assert len(stage.effects(command)) == 1
    assert stage.applied(customers[0]) == [commands[0], following]


def test_redis_is_away_after_an_effect(stage: Stage) -> None:
    """An envelope that could not be written for ten seconds appears when Redis is back."""
    customers = [stage.customer(), stage.customer()]
    holds = [stage.hold(customer, "after") for customer in customers]
    commands = [
        stage.set_default(one, lane=lane) for one, lane in zip(customers, Lane, strict=True)
    ]
    for hold in holds:
        hold.wait()
    stage.valkey.pause()
    for hold in holds:
        hold.release()
    time.sleep(10)  # the fault itself
    stage.valkey.resume()
    for command in commands:
        stage.ended(command, State.SUCCEEDED)
        assert len(stage.effects(command)) == 1


def test_redis_is_full(stage: Stage, victim: Worker, keeper: Worker) -> None:
    """While Redis refuses writes each fault is logged once and counted; then all commands end."""
    customers = [stage.customer() for _ in range(10)]
    lanes = [Lane.INTERACTIVE, Lane.BULK] * 5
    holds = [stage.hold(customer, "after") for customer in customers]
    commands = [
        stage.set_default(one, lane=lane) for one, lane in zip(customers, lanes, strict=True)
    ]
    for hold in holds:
        hold.wait()
    commands += [stage.set_default(stage.customer(), lane=lane) for lane in lanes]
    since = {worker: len(worker.log) for worker in (victim, keeper)}
    began = time.monotonic()
    stage.redis.config_set("maxmemory", 1)
    try:
        for hold in holds:
            hold.release()
        for worker, start in since.items():
            worker.wait_for_log(r"waiting for Redis: .* \(repeated \d\d+ times in", start)
        took = time.monotonic() - began
    finally:
        stage.redis.config_set("maxmemory", 0)
    for worker, start in since.items():
        lines = re.findall(r"(?m)^\[\d\S+ \S+: (\w+/.*)", worker.log[start:])
        faults = [line for line in lines if not line.startswith("INFO")]
        shown = [line for line in faults if "(repeated " not in line]
        print(f"{worker.name}: {len(faults)} lines of faults in {took:.1f} s")
        # Kombu's line about bindings is logged for two faults, with a traceback each; a line that
        # is rarer than once in ten seconds is shown each time.
        assert max(Counter(shown).values()) <= 2 + took / TELL_S
    for command in commands:
        stage.ended(command, State.SUCCEEDED)
        assert len(stage.effects(command)) == 1


def test_redis_that_may_forget(stage: Stage, victim: Worker) -> None:
    """A worker logs at its start that Redis is less durable than the guarantees need."""
    stage.redis.config_set("appendfsync", "everysec")
    stage.redis.config_set("maxmemory-policy", "allkeys-lru")
    with victim.ending():
        victim.kill()
    for setting in ("appendfsync everysec", "maxmemory-policy allkeys-lru"):
        victim.wait_for_log(f"Redis has {setting}")
    stage.redis.config_set("appendfsync", "always")
    stage.redis.config_set("maxmemory-policy", "noeviction")
