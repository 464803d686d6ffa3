"""Garbage in a queue, or in Kombu's other keys, ends no worker and is reported."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, cast
from uuid import uuid4

import pytest

from producer.contract import Lane, State
from producer.journal.commands.messages import message
from producer.journal.operations.dead_letters import letter_counts, letters
from tests.crash.stage import Stage
from tests.crash.worker_process import Worker, wait_until
from tests.garbage import NUMBER, TOKEN, good, kinds

pytestmark = pytest.mark.crash


def _pids(stage: Stage) -> list[int]:
    return [worker.pid for worker in stage.workers]


def _execute_each_lane(stage: Stage) -> None:
    """Have a command of each lane executed."""
    for lane in Lane:
        stage.ended(stage.set_default(stage.customer(), lane=lane), State.SUCCEEDED)


def test_garbage_of_all_kinds(stage: Stage, victim: Worker, keeper: Worker) -> None:
    """All kinds at once in both lanes are dead-lettered, and valid messages are executed."""
    pids, since = _pids(stage), [len(one.log) for one in stage.workers]
    before, all_kinds = stage.journal(letter_counts()), kinds()
    commands: list[str] = []
    for raw, _ in all_kinds.values():
        for lane in Lane:
            stage.redis.lpush(lane.value, raw)
        if len(commands) < 60 and not len(commands) % 2:
            commands += [stage.set_default(stage.customer(), lane=lane) for lane in Lane]
    for command in commands:
        stage.ended(command, State.SUCCEEDED)
    stage.idle()

    def all_stored() -> bool:  # a letter is stored just after its message left the queue
        stored = sum(stage.journal(letter_counts()).values()) - sum(before.values())
        return stored >= 2 * len(all_kinds)

    wait_until(all_stored, "dead letters are missing")
    after = stage.journal(letter_counts())
    expected: dict[str, int] = dict.fromkeys(after, 0)
    for _, reason in all_kinds.values():
        expected[reason.value] += 2
    assert {name: count - before.get(name, 0) for name, count in after.items()} == expected
    assert _pids(stage) == pids
    logged = "".join(one.log[at:] for one, at in zip(stage.workers, since, strict=True))
    kept = "".join(one.letter.excerpt for one in stage.journal(letters()))
    for secret in (TOKEN, NUMBER):
        assert secret not in logged
        assert secret not in kept
    assert "Traceback" not in logged
    for worker in stage.workers:
        assert stage.sees(worker.node)


def test_garbage_broadcast_to_all_workers(stage: Stage, victim: Worker) -> None:
    """Garbage for remote control and events is dropped, and remote control still works."""
    pids = _pids(stage)
    sound = json.loads(message("x", "y", {}, ""))
    bodies: list[Any] = [1, [], {}, {"method": 5}, {"method": []}, {"method": "rate_limit"}, None]
    bodies += [{"method": "rate_limit", "arguments": {"task_name": [], "rate_limit": {}}}]
    raw = [one for one, _ in kinds().values()]
    raw += [json.dumps({**sound, "body": json.dumps(body)}).encode() for body in bodies]
    for channel in ("/0.celery.pidbox", "/0.celeryev/worker.heartbeat", "/0.celeryev/worker.x"):
        for one in raw:
            # After an error remote control subscribes again.
            wait_until(partial(stage.redis.publish, channel, one), "nobody listens")
    _execute_each_lane(stage)
    answers = stage.celery.control.ping(timeout=5, destination=[victim.node])
    assert answers == [{victim.node: {"ok": "pong"}}]
    assert _pids(stage) == pids


def test_damaged_unacknowledged_messages(stage: Stage, victim: Worker) -> None:
    """Damaged unacknowledged entries are dead-lettered; a valid one returns to its queue."""
    pids, before = _pids(stage), stage.journal(letter_counts())
    command, customer = str(uuid4()), stage.customer()
    fields = {"userId": customer, "default_source": stage.card(customer)}
    lost = good("SetDefaultCard", **fields)
    lost["headers"]["id"] = command
    entries: list[Any] = [b"", b"x", b"5", b"[]", b'[1, "", "interactive"]', b"\xff", b"[" * 5000]
    entries += [json.dumps([good(), "", []]), json.dumps([good(), "", "nobody's"])]
    entries += [json.dumps([{"headers": []}, "", "interactive"])]
    for number, entry in enumerate(entries):
        stage.redis.hset("unacked", f"tag{number}", entry)
        stage.redis.zadd("unacked_index", {f"tag{number}": 1})
    stage.redis.zadd("unacked_index", {"of nothing": 1})
    stage.redis.hset("unacked", "lost", json.dumps([lost, "", "interactive"]))
    stage.redis.zadd("unacked_index", {"lost": 1})
    wait_until(lambda: stage.status_or_none(command) is not None, "the valid one does not return")
    stage.ended(command, State.SUCCEEDED)
    wait_until(lambda: not stage.redis.zcard("unacked_index"), "entries are left")
    name = "damaged_unacked"
    assert stage.journal(letter_counts())[name] - before.get(name, 0) == len(entries)
    assert _pids(stage) == pids


@pytest.mark.extended
@pytest.mark.parametrize("key", ["unacked", "unacked_index"])
def test_unacknowledged_messages_under_a_key_of_another_type(stage: Stage, key: str) -> None:
    """Bare messages are still executed."""
    pids, since = _pids(stage), len(stage.workers[1].log)
    stage.redis.delete(key)
    stage.redis.set(key, "x")
    try:
        customer, command = stage.customer(), str(uuid4())
        fields = {"userId": customer, "default_source": stage.card(customer)}
        stage.redis.lpush("interactive", message("SetDefaultCard", command, fields, "interactive"))
        wait_until(lambda: stage.status_or_none(command) is not None, "it is not consumed")
        stage.ended(command, State.SUCCEEDED)
        stage.workers[1].wait_for_log("not what it should be: delete it", since)
    finally:
        stage.redis.delete("unacked", "unacked_index")
    assert _pids(stage) == pids


@pytest.mark.extended
def test_a_queue_of_another_type(stage: Stage, keeper: Worker) -> None:
    """Commands are accepted and found without it, other queues work, and it is logged."""
    pids, since = _pids(stage), len(keeper.log)
    wait_until(lambda: not stage.redis.exists("bulk"), "bulk is not empty")
    stage.redis.set("bulk", "x")
    try:
        keeper.wait_for_log("the key bulk is not a queue", since)
        window = stage.client.send_many([stage.order(stage.customer()) for _ in range(3)])
        for handle in window:
            stage.ended(handle.id, State.SUCCEEDED)
        stage.ended(stage.set_default(stage.customer(), lane=Lane.BULK), State.SUCCEEDED)
    finally:
        stage.redis.delete("bulk")
    _execute_each_lane(stage)
    assert _pids(stage) == pids
    assert stage.sees(keeper.node)


@pytest.mark.extended
def test_bindings_of_another_type(stage: Stage, victim: Worker) -> None:
    """A worker starts although Kombu's bindings have the wrong type."""
    names = cast(list[str], stage.redis.keys("_kombu.binding.*"))
    for name in names:
        stage.redis.delete(name)
        stage.redis.set(name, "x")
    try:
        starts = victim.starts
        victim.kill()
        victim.ready()
        _execute_each_lane(stage)
        assert victim.starts == starts + 1
    finally:
        stage.redis.delete(*names)


def test_a_journal_row_of_another_type(stage: Stage, victim: Worker) -> None:
    """A message whose row is damaged is dead-lettered once, and others are executed."""
    pids, before = _pids(stage), stage.journal(letter_counts())
    for damage in (b"x", None):
        command = str(uuid4())
        if damage is not None:
            stage.redis.set(f"cards:command:{command}", damage)
        else:
            stage.redis.hset(f"cards:command:{command}", mapping={"state": "queued", "kind": "x"})
        journalled = {"cards-journalled": "1"}
        for task, fields in (("AssignCard", {}), ("CardCommands", {"ids": [command]})):
            raw = message(task, command, fields, "interactive", journalled)
            stage.redis.lpush("interactive", raw)
    _execute_each_lane(stage)
    name = "journal_fault"
    wait_until(
        lambda: stage.journal(letter_counts()).get(name, 0) - before.get(name, 0) == 4,
        "they are not dead-lettered",
    )
    assert _pids(stage) == pids


def test_a_damaged_command_blocks_no_other(stage: Stage, victim: Worker) -> None:
    """The customer's later commands are executed, and the damaged one is recorded."""
    customer = stage.customer()
    hold = stage.hold(customer, "before")
    first = stage.set_default(customer, 2)
    hold.wait()
    damaged, last = stage.set_default(customer, 1), stage.set_default(customer, 2)
    stage.redis.delete(f"cards:command:{damaged}")
    stage.redis.set(f"cards:command:{damaged}", "x")
    hold.release()
    stage.ended(first, State.SUCCEEDED)
    stage.ended(last, State.SUCCEEDED)
    assert stage.redis.zscore("cards:damaged", damaged) is not None
    stage.redis.delete(f"cards:command:{damaged}", "cards:damaged")
