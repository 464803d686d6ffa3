"""Damaged data in the journal is reported, and affects nothing else."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from producer.contract import Lane
from producer.journal import (
    UNLIMITED,
    Call,
    ClaimStatus,
    Journal,
    JournalFault,
    JournalUnavailable,
    claim_many,
    claim_next_many,
    renew,
    status,
    sweep,
)
from producer.migrations.input.rows.ids import command_id
from producer.migrations.model.rows import RowState
from tests.integration.journal.conftest import LEASE_MS, Bench
from tests.integration.journal.moves import MIGRATION, Moves

pytestmark = pytest.mark.integration

_NOT_ARGUMENTS: list[Any] = [{"a": 1}, None, ["x"], True, "\ud800"]


@pytest.mark.parametrize("argument", _NOT_ARGUMENTS)
async def test_a_bad_argument_fails_only_its_call(redis_url: str, argument: Any) -> None:
    """A bad argument is a fault of its call; other calls of the round trip succeed."""
    journal = Journal(redis_url)
    calls = [Call(lambda a: a[0], commands=[("ECHO", one)]) for one in ("a", argument, "b")]
    answers = await asyncio.gather(*map(journal, calls), return_exceptions=True)
    await journal.aclose()
    assert (answers[0], answers[2]) == ("a", "b")
    assert isinstance(answers[1], JournalFault)


async def test_a_key_of_another_type_fails_only_its_call(bench: Bench, redis_url: str) -> None:
    """Damaged data fails only the calls that meet it, as commands and as scripts."""
    bench.redis.set("cards:customer:cus_1", "x")
    journal = Journal(redis_url)
    command = Call(lambda a: a, commands=[("HGETALL", "cards:customer:cus_1")])
    sound = Call(lambda a: str(a[0]), commands=[("ECHO", "a")])
    answers = await asyncio.gather(journal(command), journal(sound), return_exceptions=True)
    assert isinstance(answers[0], JournalFault)
    assert answers[1] == "a"
    assert await journal(renew([("cus_1", "1"), ("cus_2", "")], 1000)) == [False, True]
    await journal.aclose()


def test_a_replica_is_an_outage_and_no_fault_of_a_call(bench: Bench, redis_url: str) -> None:
    """A replica that refuses writes is an outage, within scripts too: calls are retried."""
    bench.redis.replicaof("127.0.0.1", "1")
    try:
        for asked in (
            Call(lambda a: a, commands=[("SET", "x", "y")]),
            sweep("w", limit=1, patience_ms=1),
        ):
            with pytest.raises(JournalUnavailable):
                bench.journal(asked)
    finally:
        bench.redis.replicaof("NO", "ONE")


def test_damaged_commands_of_a_batch_do_not_affect_others(bench: Bench) -> None:
    """The valid commands of a message of many are claimed."""
    ids = [bench.accept_default(customer=f"cus_{n}") for n in range(6)]
    bench.redis.hset(f"cards:command:{ids[1]}", "tries", "many")
    bench.redis.delete(f"cards:command:{ids[2]}")
    bench.redis.set(f"cards:command:{ids[2]}", "x")
    bench.redis.hdel(f"cards:command:{ids[3]}", "lane")
    bench.redis.set("cards:customer:cus_4", "x")
    taken = bench.journal(claim_many(ids, str(uuid4()), LEASE_MS, limits=UNLIMITED, most=10))
    hows = [one.status for one in taken]
    assert hows == [ClaimStatus.GRANTED, *[ClaimStatus.DAMAGED] * 4, ClaimStatus.GRANTED]
    named = bench.redis.zrange("cards:damaged", 0, -1)
    assert set(named) == {ids[1], ids[2], ids[3]}


def test_damaged_customers_do_not_affect_others(bench: Bench) -> None:
    """Valid customers are claimed, whether they are deferred or due."""
    ids = [bench.accept_default(customer=f"cus_{n}") for n in range(3)]
    for one in ids:
        bench.redis.hset("cards:customer:cus_" + str(ids.index(one)), "called", 100)
    bench.redis.delete("cards:customer:cus_1")
    bench.redis.set("cards:customer:cus_1", "x")
    call = claim_next_many([f"cus_{n}" for n in range(3)], "h", LEASE_MS, limits=UNLIMITED)
    hows = [one.status for one in bench.journal(call)]
    assert hows == [ClaimStatus.GRANTED, ClaimStatus.DAMAGED, ClaimStatus.GRANTED]
    now = int(bench.redis.time()[0]) * 1000
    score = bench.redis.zscore("cards:watch", "cus_1")
    assert score is not None
    assert score > now + 30_000


def test_a_sweep_skips_damaged_data(bench: Bench) -> None:
    """Damaged queues and rows do not keep the sweep from finding a lost command."""
    lost = [bench.accept_default(lane=Lane.BULK, customer=f"cus_{n}") for n in range(3)]
    for one in lost:
        bench.redis.hset(f"cards:command:{one}", "accepted", 1)
    bench.redis.delete("bulk", f"cards:command:{lost[0]}")
    bench.redis.set("bulk", "x")
    bench.redis.set(f"cards:command:{lost[0]}", "x")
    bench.redis.zadd("cards:untold", {"garbage": 9e15, "an id superseded": 9e15})
    found = bench.journal(sweep("w", limit=10, patience_ms=1))
    assert found.commands == lost[1:]
    assert [ident for ident, _ in found.ends] == ["an id"]


def test_a_command_is_accepted_without_a_usable_queue(bench: Bench) -> None:
    """If its queue has another type, the command is accepted, and the sweep finds it."""
    bench.redis.set("interactive", "x")
    command = bench.accept_default()
    bench.redis.hset(f"cards:command:{command}", "accepted", 1)
    assert bench.journal(sweep("w", limit=10, patience_ms=1)).commands == [command]


def test_a_repeated_refused_command_is_not_damaged(bench: Bench) -> None:
    """The row of a command refused by validation has no card, which is not damage."""
    command = bench.accept_default()
    bench.redis.hdel(f"cards:command:{command}", "card")
    bench.redis.hset(f"cards:command:{command}", mapping={"finished": 5, "state": "rejected"})
    bench.redis.zrem("cards:pending:cus_1", command)
    assert bench.take(command).status is ClaimStatus.ENDED


def test_a_damaged_end_does_not_affect_other_rows(bench: Bench) -> None:
    """A damaged end is recorded like a lost one, and the other rows as they ended."""
    moves = Moves(bench)
    moves.send(1, 2, 3, 4)
    for number in (1, 2, 3, 4):
        moves.end(number)
    ids = {number: command_id(MIGRATION, number) for number in (1, 2, 3)}
    bench.redis.set(f"celery-task-meta-{ids[1]}", "{")
    bench.redis.hset(f"cards:command:{ids[2]}", "state", "x")
    bench.redis.delete(f"cards:command:{ids[3]}")
    bench.redis.set(f"cards:command:{ids[3]}", "x")
    moves.settle()
    states = moves.states()
    assert states[:4] == [*[RowState.FAILED] * 3, RowState.APPLIED]
    assert moves.ended() == []


def test_status_of_an_id_that_cannot_be_encoded(bench: Bench) -> None:
    """Half a surrogate pair is a fault of the call, not an outage."""
    with pytest.raises(JournalFault):
        bench.journal(status("\udfff\ud800"))
