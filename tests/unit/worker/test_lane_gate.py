"""Which lane's message a worker takes next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from producer.contract import Lane
from worker.celery.prefetch import Prefetch, QueueOrder

QUEUES = ["interactive", "bulk", "bulk.1", "bulk.2"]


@pytest.fixture
def prefetch() -> Iterator[Prefetch]:
    QueueOrder.prefetch = Prefetch(concurrency=4)
    yield QueueOrder.prefetch
    QueueOrder.prefetch = None


@pytest.fixture
def order(prefetch: Prefetch) -> QueueOrder:
    made = QueueOrder()
    made.update(QUEUES)
    return made


def test_interactive_comes_first_once_bulk_has_something(
    prefetch: Prefetch, order: QueueOrder
) -> None:
    """With nothing of bulk in hand that is looked at first, so that no flood starves it."""
    assert order.consume(0) == ["bulk", "bulk.1", "bulk.2", "interactive"]
    prefetch.message(Lane.BULK, 1)
    assert order.consume(0) == ["interactive", "bulk", "bulk.1", "bulk.2"]


def test_bulk_queues_take_turns(prefetch: Prefetch, order: QueueOrder) -> None:
    """A queue that a message was taken from comes last, so each sender has its turn."""
    prefetch.message(Lane.BULK, 1)
    taken = []
    for _ in range(6):
        queue = order.consume(0)[1]
        order.rotate(queue)
        taken.append(queue)
    assert taken == ["bulk", "bulk.1", "bulk.2"] * 2


def test_a_full_lane_leaves_the_other_its_slots(prefetch: Prefetch, order: QueueOrder) -> None:
    """A lane with as many messages in hand as slots is not asked; the other still is."""
    prefetch.message(Lane.BULK, 4)
    assert order.consume(0) == ["interactive"]
    prefetch.message(Lane.BULK, -4)
    prefetch.message(Lane.INTERACTIVE, 4)
    assert order.consume(0) == ["bulk", "bulk.1", "bulk.2"]


def test_a_queue_does_not_hoard_what_waits_for_the_limit(
    prefetch: Prefetch, order: QueueOrder
) -> None:
    """At 25 commands of a bulk queue in hand that one stops, at 500 interactive ones that lane."""
    prefetch.command("bulk.1", 25)
    assert order.consume(0) == ["interactive", "bulk", "bulk.2"]
    assert not order.all_wanted()
    prefetch.command("interactive", 500)
    assert order.consume(0) == ["bulk", "bulk.2"]
    prefetch.command("interactive", -1)
    prefetch.command("bulk.1", -1)
    assert order.all_wanted()


def test_what_ends_soon_may_be_many(prefetch: Prefetch, order: QueueOrder) -> None:
    """Of a queue whose commands end quickly two seconds' worth may be in hand."""
    for _ in range(40):
        prefetch.ended("bulk.1")
    prefetch.command("bulk.1", 79)
    assert "bulk.1" in order.consume(0)
    prefetch.command("bulk.1", 1)
    assert "bulk.1" not in order.consume(0)


def test_a_message_on_its_way_counts_what_it_holds(prefetch: Prefetch, order: QueueOrder) -> None:
    """A queue is not asked again while a message of 50 is on its way or asked for."""
    prefetch.fetched("bulk.1", 50)
    assert order.consume(0) == ["interactive", "bulk", "bulk.2"]
    prefetch.arrived("bulk.1", 50)
    prefetch.message(Lane.BULK, 1)
    prefetch.claiming("bulk.1", 50)
    assert "bulk.1" not in order.consume(0)
    prefetch.claiming("bulk.1", -50)
    assert "bulk.1" in order.consume(0)
    # Where many end in a second, one more makes no difference.
    for _ in range(60):
        prefetch.ended("bulk.1")
    prefetch.fetched("bulk.1", 50)
    assert "bulk.1" in order.consume(0)


def test_messages_of_one_command_are_fetched_one_after_another(order: QueueOrder) -> None:
    """One by one as many commands are fetched as 50 to a message, whoever has not come yet."""
    prefetch = QueueOrder.prefetch = Prefetch(concurrency=50)
    for number in range(25):
        assert "bulk" in order.consume(0), number
        prefetch.fetched("bulk", 1)
    assert "bulk" not in order.consume(0)


def test_many_are_fetched_together() -> None:
    """Of a queue with commands in hand a message's worth, but no more than may be in hand."""
    prefetch = Prefetch(concurrency=40)
    prefetch.fetched("bulk", 1)
    assert prefetch.more("bulk", 1) == 0
    prefetch.fetched("bulk", 1)
    assert prefetch.more("bulk", 1) == 23
    assert prefetch.more("bulk", 50) == 0
    for _ in range(100):
        prefetch.ended("bulk")
    assert prefetch.more("bulk", 1) == 38
    assert prefetch.more("interactive", 1) == 0
    prefetch.paused_lanes = frozenset({Lane.BULK})
    assert prefetch.more("bulk", 1) == 0


def test_messages_on_their_way_take_slots(prefetch: Prefetch, order: QueueOrder) -> None:
    """As many as there are slots, and the lane is not asked until they are done with."""
    prefetch.fetched("bulk", 1)
    for _ in range(4):
        prefetch.fetched("interactive", 1)
    assert order.consume(0) == ["bulk", "bulk.1", "bulk.2"]
    for _ in range(4):
        prefetch.arrived("interactive", 1)
    assert order.consume(0) == ["interactive", "bulk", "bulk.1", "bulk.2"]
