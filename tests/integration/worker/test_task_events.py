"""What Flower receives of a command's end."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from celery import Celery
from celery.events.state import State as FlowerState

from producer.contract import CommandKind, Envelope, State, parse_command
from worker.task_events import TaskEvents

COMMAND = parse_command(
    CommandKind.ASSIGN_CARD, {"userId": "cus_1", "source": "tok_1QRs9eKZ4xUzN2TP9vQqWXYZ"}
)


@pytest.fixture
def app(redis_url: str) -> Celery:
    """A Celery app on the test's Redis."""
    return Celery(broker=redis_url)


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (State.SUCCEEDED, "task-succeeded"),
        (State.REJECTED, "task-failed"),
        (State.FAILED, "task-failed"),
        (State.SUPERSEDED, "task-revoked"),
        (State.CANCELLED, "task-revoked"),
    ],
)
def test_every_end_is_a_final_state_in_flower(app: Celery, state: State, event: str) -> None:
    """Each end state becomes one of Celery's; tokens are redacted, customer data is left out."""
    envelope = Envelope.yes("done", {"email": "a@b.c"})
    if state is not State.SUCCEEDED:
        envelope = Envelope.no("some_code", "some reason")
    seen: Any = FlowerState()
    told: list[dict[str, Any]] = []
    events = TaskEvents(app, "worker@test")
    with app.connection() as connection:
        receiver = app.events.Receiver(connection, handlers={"*": told.append})
        with receiver.consumer_context(wakeup=False) as (listening, _, consumers):
            assert consumers
            # Told again until the subscription, made with the first look, is there to hear it.
            while not any(one["type"] == event for one in told):
                events.received("id", COMMAND)
                events.started("id")
                events.ended("id", state, envelope, 0.1)
                with suppress(TimeoutError):
                    listening.drain_events(timeout=1)
    events.stop()
    for one in told:
        seen.event(one)
    task = seen.tasks["id"]
    assert task.name == "AssignCard"
    assert task.ready
    assert "vQqWXYZ" not in repr(told)
    assert "a@b.c" not in repr(told)
