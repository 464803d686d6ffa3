"""The pub/sub connection shared by all waiting callers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from producer.http.waiting.background_tasks import end
from producer.http.waiting.subscriptions import Subscriptions
from producer.journal import Journal


@pytest.fixture
async def subscriptions(redis_url: str) -> AsyncIterator[Subscriptions]:
    """Subscriptions over a real Valkey."""
    journal = Journal(redis_url, retries=0)
    made = Subscriptions(journal)
    made.start()
    yield made
    await made.stop()
    await journal.aclose()


async def _told(news: asyncio.Queue[str | None]) -> str | None:
    async with asyncio.timeout(10):
        return await news.get()


async def test_publications_after_the_confirmation_arrive(
    subscriptions: Subscriptions, journal: Journal
) -> None:
    """Once confirmed, each publication reaches every listener, including later ones."""
    news: asyncio.Queue[str | None] = asyncio.Queue()
    also: asyncio.Queue[str | None] = asyncio.Queue()
    for round_ in ("first", "again"):
        await subscriptions.add("x", news.put_nowait)
        await subscriptions.add("x", also.put_nowait)
        await journal._redis.publish("cards:changed:x", round_)
        assert [await _told(news), await _told(also)] == [round_, round_]
        subscriptions.remove("x", news.put_nowait)
        subscriptions.remove("x", also.put_nowait)


async def test_after_a_lost_connection_listeners_must_read(
    subscriptions: Subscriptions, journal: Journal
) -> None:
    """After a lost connection, listeners learn that they may have missed something."""
    news: asyncio.Queue[str | None] = asyncio.Queue()
    await subscriptions.add("x", news.put_nowait)
    for _ in range(3):
        await journal._redis.client_kill_filter(_type="pubsub")
        assert await _told(news) is None
        await journal._redis.publish("cards:changed:x", "queued")
        assert await _told(news) == "queued"


async def test_nothing_stays_subscribed(subscriptions: Subscriptions, journal: Journal) -> None:
    """A removed listener leaves no subscription behind, confirmed or not."""
    news: asyncio.Queue[str | None] = asyncio.Queue()
    for number in range(50):
        confirmation = subscriptions.add(str(number), news.put_nowait)
        if number % 2:
            await confirmation
        subscriptions.remove(str(number), news.put_nowait)
    await subscriptions.add("last", news.put_nowait)
    async with asyncio.timeout(10):
        while len(await journal._redis.pubsub_channels("cards:changed:*")) > 2:
            await asyncio.sleep(0)


async def test_listeners_removed_during_an_outage_leave_nothing() -> None:
    """Listeners added and removed without a connection leave nothing behind."""
    subscriptions = Subscriptions(Journal("redis://127.0.0.1:1", retries=0))
    await subscriptions.stop()
    for number in range(50):
        subscriptions.add(str(number), print)
        subscriptions.remove(str(number), print)
    assert not subscriptions._confirmations
    assert not subscriptions._to_add | subscriptions._to_drop


class _Swallowing:
    """A connection that fails while a write swallows its cancellation, as redis-py can."""

    def __init__(self) -> None:
        self.writing = asyncio.Event()
        self.calls = 0

    async def subscribe(self, *_: str) -> None:
        self.calls += 1
        if self.calls == 2:
            self.writing.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                return

    async def get_message(self, **_: Any) -> None:
        await self.writing.wait()
        raise ConnectionError


async def test_a_swallowed_cancellation_does_not_stop_the_reconnection() -> None:
    """A connection whose writer does not end at once is replaced, and can be ended."""
    made: asyncio.Queue[_Swallowing] = asyncio.Queue()

    class _Journal:
        @asynccontextmanager
        async def subscription(self) -> AsyncIterator[_Swallowing]:
            made.put_nowait(connection := _Swallowing())
            yield connection

    subscriptions = Subscriptions(_Journal())  # type: ignore[arg-type]
    subscriptions.add("x", lambda _: None)
    subscriptions.start()
    async with asyncio.timeout(10):
        for _ in range(3):
            await made.get()
        await subscriptions.stop()


async def test_end_outlasts_tasks_that_swallow() -> None:
    """A task that swallows cancellations is cancelled until it ends, also by a cancelled caller."""
    left = 3

    async def stubborn() -> None:
        nonlocal left
        while left:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                left -= 1

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    ending = asyncio.create_task(end(task))
    await asyncio.sleep(0)
    ending.cancel()
    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await ending
    assert task.done()
