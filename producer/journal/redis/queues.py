"""The Celery queues behind the lanes: the bulk lane has several, so that its senders share it."""

from __future__ import annotations

from producer.contract import Lane

# Senders beyond so many at a time share queues, and with them their turns.
FLOW_QUEUES = 15


def queues_of(lane: Lane) -> list[str]:
    """The lane's queues: the one of its name, and for the bulk lane those of its flows."""
    if lane is Lane.BULK:
        return [lane.value, *(f"{lane.value}.{number}" for number in range(1, FLOW_QUEUES + 1))]
    return [lane.value]


def lane_of(queue: str) -> Lane:
    """The lane of a queue; the interactive one where it is none of ours."""
    name = queue.partition(".")[0]
    return Lane.BULK if name == Lane.BULK.value else Lane.INTERACTIVE
