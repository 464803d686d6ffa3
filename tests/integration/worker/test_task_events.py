"""The task events that Flower receives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from celery import Celery
from celery.events.state import State as FlowerState

from producer.contract import CommandKind, Envelope, State, parse_command
from producer.journal import Journal
from worker.observability.task_events import TaskEvents

COMMAND = parse_command(
    CommandKind.ASSIGN_CARD, {"userId": "cus_1", "source": "tok_1QRs9eKZ4xUzN2TP9vQqWXYZ"}
)
WORKER = "worker@test"


class Listener:
    """Celery's own receiver of events, as in Flower."""

    def __init__(self, redis_url: str) -> None:
        self.app = Celery(broker=redis_url)
        self.events: list[dict[str, Any]] = []

    def listen_until(self, expected: set[tuple[str, str]], ready: Callable[[], object]) -> None:
        """Block until all (id, type) were received; `ready` is called until then."""
        with self.app.connection() as connection:
            receiver = self.app.events.Receiver(connection, handlers={"*": self.events.append})
            with receiver.consumer_context(wakeup=False) as (listening, _, consumers):
                assert consumers
                ready()
                while not expected <= {(one.get("uuid"), one["type"]) for one in self.events}:
                    try:
                        listening.drain_events(timeout=0.2)
                    except TimeoutError:
                        ready()


@pytest.fixture
async def events(redis_url: str) -> AsyncIterator[TaskEvents]:
    journal = Journal(redis_url)
    yield TaskEvents(journal, 0, WORKER, iter(range(1, 10_000)).__next__)
    await journal.aclose()


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
async def test_every_end_is_a_final_state_in_flower(
    redis_url: str, events: TaskEvents, state: State, event: str
) -> None:
    """Each end state becomes one of Celery's; events have no token and no customer data."""
    envelope = Envelope.yes("done", {"email": "a@b.c"})
    if state is not State.SUCCEEDED:
        envelope = Envelope.no("some_code", "some reason")
    listener, loop = Listener(redis_url), asyncio.get_running_loop()

    def send() -> None:
        events.received("id", COMMAND)
        events.started("id")
        events.ended("id", state, envelope, 0.1)

    # Sent again until the subscription, which the first drain makes, receives it.
    await asyncio.to_thread(
        listener.listen_until, {("id", event)}, lambda: loop.call_soon_threadsafe(send)
    )
    await events.stop()
    seen: Any = FlowerState()
    for one in listener.events:
        seen.event(one)
    task = seen.tasks["id"]
    assert task.name == "AssignCard"
    assert task.ready
    assert "vQqWXYZ" not in repr(listener.events)
    assert "a@b.c" not in repr(listener.events)


async def test_events_are_celerys_own_field_by_field(redis_url: str, events: TaskEvents) -> None:
    """Published events have the fields, channel and exchange of Celery's own."""
    listener, loop = Listener(redis_url), asyncio.get_running_loop()

    def send_both() -> None:
        with listener.app.connection() as connection:
            dispatcher = listener.app.events.Dispatcher(connection, hostname=WORKER)
            dispatcher.send("task-started", uuid="theirs")
        loop.call_soon_threadsafe(events.started, "ours")

    await asyncio.to_thread(
        listener.listen_until, {("ours", "task-started"), ("theirs", "task-started")}, send_both
    )
    await events.stop()
    ours, theirs = (
        next(
            one for one in listener.events if one["uuid"] == name and one["type"] == "task-started"
        )
        for name in ("ours", "theirs")
    )
    assert ours.keys() == theirs.keys()
    for name in ("hostname", "utcoffset", "pid", "type"):
        assert ours[name] == theirs[name]
    assert {name: type(value) for name, value in ours.items()} == {
        name: type(value) for name, value in theirs.items()
    }
