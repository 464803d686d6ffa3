"""Which lane's message a worker takes next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from producer.contract import Lane
from worker.lane_gate import LaneGate, LaneOrder

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


def test_a_lane_does_not_hoard_what_waits_for_the_limit(gate: LaneGate, order: LaneOrder) -> None:
    """Bulk stops at 25 commands in hand, interactive at 500; the rest waits in Redis."""
    gate.command(Lane.BULK, 25)
    assert order.consume(0) == ["interactive"]
    gate.command(Lane.INTERACTIVE, 500)
    assert order.consume(0) == []


def test_a_message_on_its_way_is_counted(gate: LaneGate, order: LaneOrder) -> None:
    """Bulk is not asked again before the loop has counted the commands of what was fetched."""
    gate.fetched(Lane.BULK)
    assert order.consume(0) == ["interactive"]
    gate.came(Lane.BULK)
    gate.message(Lane.BULK, 1)
    assert order.consume(0) == ["interactive", "bulk", "bulk.1", "bulk.2"]
    for _ in range(4):
        gate.fetched(Lane.INTERACTIVE)
    assert order.consume(0) == ["bulk", "bulk.1", "bulk.2"]
