"""Callbacks are delivered at least once, and retried for a day."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from producer.journal import Journal, JournalWatch
from producer.journal.commands.callbacks import (
    DueCallback,
    put_off_callback,
    settle_callback,
    take_callbacks,
    want_callback,
)
from producer.journal.operations.dead_letters import letters
from producer.journal.redis import keys
from producer.redis import RedisConfig
from producer.security.standard_webhooks import CallbackSecrets
from tests.crash.stage import Stage
from tests.integration.journal.conftest import Bench, bench
from tests.integration.receivers import SECRET, Receiver, receiving
from tests.unit.http.web import WebProcess
from worker.callbacks.delivery import GIVE_UP_MS, TYPE, Callbacks, delay_ms
from worker.callbacks.http_client import CallbackClient

__all__ = ["bench"]
pytestmark = pytest.mark.integration
_URL = "https://shop.example/ended"
_HOUR_MS = 3_600_000


def _ended(bench: Bench, url: str = _URL, customer: str = "cus_1") -> str:
    command = bench.accept_default(customer=customer)
    bench.journal(want_callback(command, url))
    bench.end(bench.granted(command))
    return command


def _waiting(bench: Bench) -> int:
    count: Any = bench.redis.zcard(keys.CALLBACKS)
    return int(count)


def _due(bench: Bench) -> list[DueCallback]:
    return bench.journal(take_callbacks(10, 60_000))


def test_a_callback_is_claimed_by_one_worker_at_a_time(bench: Bench) -> None:
    """A claimed callback is due again after its lease, until it is settled."""
    command = _ended(bench)
    bench.end(bench.granted(bench.accept_default(customer="cus_2")))  # without a callback
    (due,) = _due(bench)
    assert (due.command_id, due.url) == (command, _URL)
    assert _due(bench) == []
    bench.journal(put_off_callback(due, -_HOUR_MS))
    (again,) = _due(bench)
    assert again.ended_ms == due.ended_ms
    bench.journal(settle_callback(due))
    bench.journal(put_off_callback(due, -_HOUR_MS))
    assert _due(bench) == []
    assert _waiting(bench) == 0


def test_a_callback_without_url_is_dropped(bench: Bench) -> None:
    """A callback whose stored URL is missing or damaged is dropped."""
    command = _ended(bench)
    bench.redis.delete(f"cards:callback:{command}")
    bench.redis.zadd("cards:callbacks", {"damaged": 1})
    assert _due(bench) == []
    assert _waiting(bench) == 0


def test_delays_grow_to_an_hour() -> None:
    """The delay is about the callback's age, with jitter."""
    draw = random.Random(1)
    for age_ms, least, most in (
        (0, 2_500, 5_000),
        (60_000, 30_000, 60_000),
        (GIVE_UP_MS, _HOUR_MS // 2, _HOUR_MS),
    ):
        drawn = [delay_ms(age_ms, draw) for _ in range(200)]
        assert least <= min(drawn) < max(drawn) <= most


@pytest.fixture
async def callbacks(redis_url: str) -> AsyncIterator[Callbacks]:
    """The worker's deliverer of callbacks, without its loop."""
    journal, requests = Journal(redis_url), CallbackClient(private=True)
    watch = JournalWatch(RedisConfig.of(redis_url))
    yield Callbacks(journal, watch, CallbackSecrets.of(SECRET), requests)
    await requests.close()
    await journal.aclose()


async def _deliver(callbacks: Callbacks, due: DueCallback) -> None:
    await callbacks._deliver(due)


async def test_after_a_day_a_callback_is_a_dead_letter(bench: Bench, callbacks: Callbacks) -> None:
    """A failing callback is retried for a day and then dead-lettered; after 410 at once."""
    async with receiving(statuses=[500, 302, 500, 410]) as receiver:
        command = _ended(bench, receiver.url)
        (due,) = _due(bench)
        for age_ms in (0, GIVE_UP_MS - 1):
            await _deliver(callbacks, replace(due, now_ms=due.ended_ms + age_ms))
            assert _waiting(bench) == 1
        assert bench.journal(letters()) == []
        await _deliver(callbacks, replace(due, now_ms=due.ended_ms + GIVE_UP_MS))
        assert _waiting(bench) == 0
        other = _ended(bench, receiver.url, "cus_2")
        (due,) = _due(bench)
        await _deliver(callbacks, due)
        assert _waiting(bench) == 0
    gone, day = bench.journal(letters())
    assert (gone.letter.reason, gone.letter.queue) == ("callback", "callbacks")
    assert other in gone.letter.excerpt
    assert "status_410" in gone.letter.excerpt
    assert command in day.letter.excerpt
    assert "status_500" in day.letter.excerpt
    assert "of=it" not in day.letter.excerpt  # a URL's query may hold a secret


async def test_an_end_before_a_replay_is_not_delivered(bench: Bench, callbacks: Callbacks) -> None:
    """Of a failed command that was replayed, only the later end is delivered."""
    async with receiving() as receiver:
        command = _ended(bench, receiver.url)
        (due,) = _due(bench)
        await _deliver(callbacks, replace(due, ended_ms=due.ended_ms - 5))
        assert receiver.requests == 0
        await _deliver(callbacks, due)
        assert (await receiver.next()).event["subject"] == command
        assert _waiting(bench) == 0


async def test_a_worker_delivers_it(tmp_path: Path) -> None:
    """A receiver named by `Callback-Url`, which fails first, gets the end."""
    with (
        Stage(tmp_path) as stage,
        WebProcess(
            stage.valkey.url, CARDS_CALLBACKS="on", CARDS_CALLBACK_ALLOW_PRIVATE="yes"
        ) as web,
    ):
        stage.worker(
            "callbacks",
            queues="interactive",
            CARDS_CALLBACK_SECRETS=SECRET,
            CARDS_CALLBACK_ALLOW_PRIVATE="yes",
        )
        async with receiving(statuses=[503]) as receiver, httpx.AsyncClient(timeout=60) as client:
            await _send_and_receive(stage, web, receiver, client)


async def _send_and_receive(
    stage: Stage, web: WebProcess, receiver: Receiver, client: httpx.AsyncClient
) -> None:
    customer = stage.customer()
    body = {"userId": customer, "default_source": stage.card(customer)}
    headers = {"Prefer": "respond-async", "Callback-Url": receiver.url}
    answer = await client.post(f"{web.url}/api/cards/default", json=body, headers=headers)
    command = answer.json()["data"]["taskId"]
    first, second = await receiver.next(), await receiver.next()
    assert first == second
    assert second.content_type == "application/cloudevents+json"
    event = second.event
    view = (await client.get(f"{web.url}/api/tasks/{command}")).json()["data"]
    assert event["data"] == view
    assert (view["state"], view["result"]["status"]) == ("succeeded", True)
    assert {name: event[name] for name in event.keys() - {"data"}} == {
        "specversion": "1.0",
        "id": second.id,
        "source": "/card-commands",
        "type": TYPE,
        "subject": command,
        "time": view["finishedAt"],
        "datacontenttype": "application/json",
    }
