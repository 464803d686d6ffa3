"""Which lane's message a worker takes next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from producer.contract import Lane
from worker.celery.prefetch import LaneGate, LaneOrder

QUEUES = ["interactive", "bulk", "bulk.1", "bulk.2"]


@pytest.fixture
def gate() -> Iterator[LaneGate]:
    LaneOrder.gate = LaneGate(concurrency=4)
    yield LaneOrder.gate
    LaneOrder.gate = None


@pytest.fixture
def order(gate: LaneGate) -> LaneOrder:
    made = LaneOrder()
    made.update(QUEUES)
    return made


def test_interactive_comes_first_once_bulk_has_something(gate: LaneGate, order: LaneOrder) -> None:
    """With nothing of bulk in hand that is looked at first, so that no flood starves it."""
    assert order.consume(0) == ["bulk", "bulk.1", "bulk.2", "interactive"]
    gate.message(Lane.BULK, 1)
    assert order.consume(0) == ["interactive", "bulk", "bulk.1", "bulk.2"]


def test_bulk_queues_take_turns(gate: LaneGate, order: LaneOrder) -> None:
    """A queue that a message was taken from comes last, so each sender has its turn."""
    gate.message(Lane.BULK, 1)
    taken = []
    for _ in range(6):
        queue = order.consume(0)[1]
        order.rotate(queue)
        taken.append(queue)
    assert taken == ["bulk", "bulk.1", "bulk.2"] * 2


def test_a_full_lane_leaves_the_other_its_slots(gate: LaneGate, order: LaneOrder) -> None:
    """A lane with as many messages in hand as slots is not asked; the other still is."""
    gate.message(Lane.BULK, 4)
    assert order.consume(0) == ["interactive"]
    gate.message(Lane.BULK, -4)
    gate.message(Lane.INTERACTIVE, 4)
    assert order.consume(0) == ["bulk", "bulk.1", "bulk.2"]


def test_a_queue_does_not_hoard_what_waits_for_the_limit(gate: LaneGate, order: LaneOrder) -> None:
    """At 25 commands of a bulk queue in hand that one stops, at 500 interactive ones that lane."""
    gate.command("bulk.1", 25)
    assert order.consume(0) == ["interactive", "bulk", "bulk.2"]
    assert not order.all_wanted()
    gate.command("interactive", 500)
    assert order.consume(0) == ["bulk", "bulk.2"]
    gate.command("interactive", -1)
    gate.command("bulk.1", -1)
    assert order.all_wanted()


def test_what_ends_soon_may_be_many(gate: LaneGate, order: LaneOrder) -> None:
    """Of a queue whose commands end quickly two seconds' worth may be in hand."""
    for _ in range(40):
        gate.ended("bulk.1")
    gate.command("bulk.1", 79)
    assert "bulk.1" in order.consume(0)
    gate.command("bulk.1", 1)
    assert "bulk.1" not in order.consume(0)


def test_a_message_on_its_way_counts_what_it_holds(gate: LaneGate, order: LaneOrder) -> None:
    """A queue is not asked again while a message of 50 is on its way or asked for."""
    gate.fetched("bulk.1", 50)
    assert order.consume(0) == ["interactive", "bulk", "bulk.2"]
    gate.came("bulk.1", 50)
    gate.message(Lane.BULK, 1)
    gate.asked("bulk.1", 50)
    assert "bulk.1" not in order.consume(0)
    gate.asked("bulk.1", -50)
    assert "bulk.1" in order.consume(0)
    # Where many end in a second, one more makes no difference.
    for _ in range(60):
        gate.ended("bulk.1")
    gate.fetched("bulk.1", 50)
    assert "bulk.1" in order.consume(0)


def test_messages_of_one_command_are_fetched_one_after_another(order: LaneOrder) -> None:
    """One by one as many commands are fetched as 50 to a message, whoever has not come yet."""
    gate = LaneOrder.gate = LaneGate(concurrency=50)
    for number in range(25):
        assert "bulk" in order.consume(0), number
        gate.fetched("bulk", 1)
    assert "bulk" not in order.consume(0)


def test_many_are_fetched_together() -> None:
    """Of a queue with commands in hand a message's worth, but no more than may be in hand."""
    gate = LaneGate(concurrency=40)
    gate.fetched("bulk", 1)
    assert gate.more("bulk", 1) == 0
    gate.fetched("bulk", 1)
    assert gate.more("bulk", 1) == 23
    assert gate.more("bulk", 50) == 0
    for _ in range(100):
        gate.ended("bulk")
    assert gate.more("bulk", 1) == 38
    assert gate.more("interactive", 1) == 0
    gate.paused = frozenset({Lane.BULK})
    assert gate.more("bulk", 1) == 0


def test_messages_on_their_way_take_slots(gate: LaneGate, order: LaneOrder) -> None:
    """As many as there are slots, and the lane is not asked until they are done with."""
    gate.fetched("bulk", 1)
    for _ in range(4):
        gate.fetched("interactive", 1)
    assert order.consume(0) == ["bulk", "bulk.1", "bulk.2"]
    for _ in range(4):
        gate.came("interactive", 1)
    assert order.consume(0) == ["interactive", "bulk", "bulk.1", "bulk.2"]
