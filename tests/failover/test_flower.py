"""Flower's subscription to events, across a failover."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local.processes.waiting import until
from local.servers.replication import Old, Pair
from producer.redis import RedisConfig
from worker.flower.broker import make_app

pytestmark = [pytest.mark.crash, pytest.mark.extended]


@contextmanager
def heard(url: str) -> Iterator[list[str]]:
    """The events received by a loop that restarts after an error, as Flower's does."""
    app, ending, names = make_app(RedisConfig.of(url)), threading.Event(), list[str]()

    def handle(event: dict[str, Any]) -> None:
        names.append(event["type"])
        if ending.is_set():
            raise StopIteration

    def listen() -> None:
        while not ending.is_set():
            try:
                with app.connection() as connection:
                    receiver = app.events.Receiver(connection, handlers={"*": handle})
                    receiver.capture(limit=None, timeout=None, wakeup=False)
            except Exception:
                ending.wait(0.1)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield names
    finally:
        ending.set()
        publish(url, "worker-end")
        thread.join(10)


def publish(url: str, event: str) -> None:
    """Publish an event over a new connection."""
    app = make_app(RedisConfig.of(url))
    with app.connection() as connection, app.events.Dispatcher(connection) as dispatcher:
        dispatcher.send(event)


def test_flower_hears_events_after_a_failover(tmp_path: Path) -> None:
    """It does so even if the old server stays up, cut off from the new, with open connections."""
    with Pair(tmp_path) as pair, heard(pair.url) as names:

        def hears(event: str) -> bool:
            publish(pair.url, event)
            return event in names

        until(lambda: hears("worker-before"), "no event is heard at all")
        pair.fail_over(Old.CUT_OFF)
        until(lambda: hears("worker-after"), "no event is heard after the failover")
