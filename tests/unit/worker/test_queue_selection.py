"""Prefetch: which queue a worker fetches its next message from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from producer.contract import Lane
from worker.celery.queue_selection import Prefetch, QueueOrder

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
    """A worker that holds nothing of bulk polls it first, so that no flood starves it."""
    assert order.consume(0) == ["bulk", "bulk.1", "bulk.2", "interactive"]
    prefetch.message(Lane.BULK, 1)
    assert order.consume(0) == ["interactive", "bulk", "bulk.1", "bulk.2"]


def test_bulk_queues_take_turns(prefetch: Prefetch, order: QueueOrder) -> None:
    """A queue that a message was fetched from comes last, so that senders take turns."""
    prefetch.message(Lane.BULK, 1)
    taken = []
    for _ in range(6):
        queue = order.consume(0)[1]
        order.rotate(queue)
        taken.append(queue)
    assert taken == ["bulk", "bulk.1", "bulk.2"] * 2


def test_a_full_lane_leaves_the_other_its_slots(prefetch: Prefetch, order: QueueOrder) -> None:
    """A lane with as many messages as slots is not polled; the other still is."""
    prefetch.message(Lane.BULK, 4)
    assert order.consume(0) == ["interactive"]
    prefetch.message(Lane.BULK, -4)
    prefetch.message(Lane.INTERACTIVE, 4)
    assert order.consume(0) == ["bulk", "bulk.1", "bulk.2"]


def test_a_queue_does_not_hoard_what_waits_for_the_limit(
    prefetch: Prefetch, order: QueueOrder
) -> None:
    """A bulk queue is not polled at 25 held commands, the interactive lane not at 500."""
    prefetch.command("bulk.1", 25)
    assert order.consume(0) == ["interactive", "bulk", "bulk.2"]
    assert not order.all_wanted()
    prefetch.command("interactive", 500)
    assert order.consume(0) == ["bulk", "bulk.2"]
    prefetch.command("interactive", -1)
    prefetch.command("bulk.1", -1)
    assert order.all_wanted()


def test_what_ends_soon_may_be_many(prefetch: Prefetch, order: QueueOrder) -> None:
    """A worker may hold two seconds' worth of a queue whose commands end quickly."""
    for _ in range(40):
        prefetch.ended("bulk.1")
    prefetch.command("bulk.1", 79)
    assert "bulk.1" in order.consume(0)
    prefetch.command("bulk.1", 1)
    assert "bulk.1" not in order.consume(0)


def test_a_message_on_its_way_counts_what_it_holds(prefetch: Prefetch, order: QueueOrder) -> None:
    """A queue is not polled while a message of 50 is on its way or being claimed."""
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
    """One by one as many commands are fetched as in messages of 50, arrived at the loop or not."""
    prefetch = QueueOrder.prefetch = Prefetch(concurrency=50)
    for number in range(25):
        assert "bulk" in order.consume(0), number
        prefetch.fetched("bulk", 1)
    assert "bulk" not in order.consume(0)


def test_many_are_fetched_together() -> None:
    """Of a queue with held commands as many as in a bulk message are fetched, within the limit."""
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
    """With as many messages on their way as slots, the lane is not polled until they are done."""
    prefetch.fetched("bulk", 1)
    for _ in range(4):
        prefetch.fetched("interactive", 1)
    assert order.consume(0) == ["bulk", "bulk.1", "bulk.2"]
    for _ in range(4):
        prefetch.arrived("interactive", 1)
    assert order.consume(0) == ["interactive", "bulk", "bulk.1", "bulk.2"]
