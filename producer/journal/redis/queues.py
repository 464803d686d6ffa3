"""The Celery queues behind the lanes: the bulk lane has several, so that its flows share it."""

from __future__ import annotations

from producer.contract import Lane

# If more flows send at a time, some share a queue.
FLOW_QUEUES = 15


def queues_of(lane: Lane) -> list[str]:
    """The lane's queues: the one with its name, and for the bulk lane those of its flows."""
    if lane is Lane.BULK:
        return [lane.value, *(f"{lane.value}.{number}" for number in range(1, FLOW_QUEUES + 1))]
    return [lane.value]


def lane_of(queue: str) -> Lane:
    """The lane of a queue; the interactive lane for an unknown queue."""
    name = queue.partition(".")[0]
    return Lane.BULK if name == Lane.BULK.value else Lane.INTERACTIVE
