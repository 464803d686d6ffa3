"""Counts match the commands, whatever happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from producer import CardCommands, Lane, SetDefaultCard, State
from producer.client.sending import Item
from producer.contract import CommandKind, Envelope
from producer.journal import (
    End,
    Ended,
    Retry,
    claim,
    claim_next,
    complete,
    count,
    figures,
    leased,
    refuse,
)
from tests.integration.ends import Ends

pytestmark = pytest.mark.integration

LEASE_MS = 60_000
SUPERSEDED = Envelope.no("superseded", "newer")
OUTCOMES: list[End | Retry] = [
    End(State.SUCCEEDED, 200, Envelope.yes("done"), 90_000, SUPERSEDED),
    End(State.REJECTED, 402, Envelope.no("card_declined", "no"), 90_000, SUPERSEDED),
    End(State.FAILED, 500, Envelope.no("api_error", "gave up"), 0, SUPERSEDED),
    Retry(0, True, "timeout", "?"),
    Retry(0, False, "lock_timeout", "busy"),
]


@pytest.fixture
def ends(redis_url: str) -> Iterator[Ends]:
    helper = Ends(redis_url)
    yield helper
    helper.close()


@pytest.fixture
def cards(redis_url: str) -> Iterator[CardCommands]:
    with CardCommands(redis_url) as client:
        yield client


@pytest.mark.parametrize("seed", range(4))
def test_accepted_equals_ended_plus_open_at_every_step(
    cards: CardCommands, ends: Ends, seed: int
) -> None:
    """After each step of a random course the figures match a count of all rows."""
    draw = Random(seed)
    for step in range(60):
        _something(draw, cards, ends, step)
        _compare(ends)


def test_commands_accepted_before_counting_are_counted_at_their_end(
    cards: CardCommands, ends: Ends
) -> None:
    """After an upgrade, or lost counts, no command ends that was not counted as accepted."""
    old = cards.set_default(customer="cus_1", card="card_1")
    failed = cards.set_default(customer="cus_2", card="card_1")
    ends.fail(failed.id)
    ends.redis.delete("cards:counts")
    new = cards.set_default(customer="cus_3", card="card_1")
    pair = CommandKind.SET_DEFAULT_CARD, Lane.INTERACTIVE
    ends.redis.hset("cards:counts", "since", ends.row(new.id)["accepted"])
    ends.redis.hset(f"cards:command:{old.id}", "accepted", 1)
    ends.end(old.id)
    assert ends.journal(figures()).open(*pair) == 1
    ends.redis.hset(f"cards:command:{failed.id}", "accepted", 1)
    cards.replay(failed.id)
    assert ends.journal(figures()).open(*pair) == 2
    for one in (failed, new):
        ends.end(one.id)
    assert ends.journal(figures()).open(*pair) == 0


@pytest.mark.parametrize("code", ["no such: code", "x" * 100, "código", ""])
def test_malformed_codes_are_counted_together(cards: CardCommands, ends: Ends, code: str) -> None:
    """A code that is not a word does not become a label."""
    sent = cards.assign(customer="cus_1", source="tok_1")
    ends.end(sent.id, Envelope.no(code, "no"))
    (found,) = ends.journal(figures()).ended
    shown = "other" if code else "-"
    assert found == Ended(CommandKind.ASSIGN_CARD, Lane.INTERACTIVE, State.REJECTED, shown)


def test_damaged_counts_stop_nothing(cards: CardCommands, ends: Ends) -> None:
    """If the counts are damaged, or not a hash, commands are still carried out."""
    ends.redis.set("cards:counts", "garbage")
    ends.end(cards.assign(customer="cus_1", source="tok_1").id)
    assert ends.journal(figures()).accepted == {}
    ends.redis.delete("cards:counts")
    for name in (
        "accepted x y",
        "ended",
        "since",
        "ended AssignCard bulk succeeded - 99",
        "worker",
    ):
        ends.redis.hset("cards:counts", name, "x")
    ends.end(cards.assign(customer="cus_1", source="tok_2").id)
    assert sum(ends.journal(figures()).ended.values()) == 1


def test_figures_read_a_bounded_number_of_customers(ends: Ends) -> None:
    """Figures, read every second, have a bounded cost; a drain counts all customers."""
    until = 99_999_999_999_999
    with ends.redis.pipeline(transaction=False) as pipe:
        for number in range(2_500):
            lease: dict[Any, Any] = {"until": until, "holder": "h"}
            pipe.hset(f"cards:customer:cus_{number}", mapping=lease)
            pipe.zadd("cards:watch", {f"cus_{number}": until})
        pipe.execute()
    assert ends.journal(figures()).at_work == 2_000
    assert ends.journal(leased()) == 2_500


def test_measurements_of_workers_are_summed(ends: Ends) -> None:
    """Measurements of several workers are summed under their names."""
    for _ in range(2):
        ends.journal(count({"worker requests DEFAULT 200": 2, "worker request DEFAULT ms": 30}))
    measured = ends.journal(figures()).measured
    assert measured == {("requests", "DEFAULT", "200"): 4, ("request", "DEFAULT", "ms"): 60}


def _something(draw: Random, cards: CardCommands, ends: Ends, step: int) -> None:
    customer, lane = f"cus_{draw.randrange(4)}", draw.choice(list(Lane))
    match draw.randrange(8):
        case 0:
            key = f"key-{draw.randrange(3)}-{customer}"
            cards.assign(customer=customer, source="tok_1", lane=lane, idempotency_key=key)
        case 1 | 2:
            cards.set_default(customer=customer, card=f"card_{draw.randrange(3)}", lane=lane)
        case 3:
            items: list[Item] = [
                (SetDefaultCard(customer=f"cus_{n}", card="card_9"), f"many-{step // 20}-{n}")
                for n in range(3)
            ]
            list(cards.send_many(items))
        case 4:
            for one in cards.failed():
                cards.replay(one.id)
        case 5:
            told = {"http_status": 400, "envelope": Envelope.no("parameter_invalid", "no")}
            bare: dict[str, Any] = {**told, "keep_s": 90_000}
            for _ in range(2):
                ends.journal(
                    refuse(f"bare-{step % 7}", CommandKind.ASSIGN_CARD, customer, lane, **bare)
                )
        case _:
            _try(draw, ends, customer)


def _try(draw: Random, ends: Ends, customer: str) -> None:
    """Call the customer's commands up and try one; some tries are taken over, some told twice."""
    for one in ends.redis.zrange(f"cards:pending:{customer}", 0, -1):
        ends.journal(claim(str(one), uuid4().hex, 0))
    taken = ends.journal(claim_next(customer, uuid4().hex, LEASE_MS))
    if taken.grant is None:
        return
    outcome = draw.choice(OUTCOMES)
    for _ in range(draw.choice([1, 2])):
        ends.journal(complete(taken.grant, outcome, next_holder="", lease_ms=LEASE_MS))


def _compare(ends: Ends) -> None:
    keys = list(ends.redis.scan_iter("cards:command:*"))
    rows = [ends.row(str(key).removeprefix("cards:command:")) for key in keys]
    found = ends.journal(figures())
    unended = [row for row in rows if "finished" not in row]
    for kind in CommandKind:
        for lane in Lane:
            assert found.open(kind, lane) == _of(unended, kind, lane)
            assert found.accepted.get((kind, lane), 0) == _of(rows, kind, lane)
    states = Counter(row["state"] for row in rows if "finished" in row)
    ended: Counter[str] = Counter()
    for one, number in found.ended.items():
        ended[one.state.value] += number
    assert ended.total() - sum(found.replayed.values()) == states.total()
    assert found.failed == states["failed"]
    tried = Counter(row["state"] for row in unended)
    assert found.unsettled >= tried["unknown"] + tried["retrying"]
    assert found.unknown == tried["unknown"]
    assert sum(map(sum, found.end_times.values())) == ended.total()


def _of(rows: list[dict[str, str]], kind: CommandKind, lane: Lane) -> int:
    return sum((row["kind"], row["lane"]) == (kind.value, lane.value) for row in rows)
