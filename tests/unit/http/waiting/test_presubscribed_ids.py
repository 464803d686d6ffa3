"""Command ids that are subscribed to before their commands exist."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from producer.http.waiting.presubscribed_ids import KEPT, PresubscribedIds
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


async def _channels(journal: Journal, count: int) -> set[str]:
    async with asyncio.timeout(10):
        while len(found := await journal._redis.pubsub_channels("cards:changed:*")) != count:
            await asyncio.sleep(0.01)
    return set(found)


async def test_an_acquired_id_is_subscribed_to(
    subscriptions: Subscriptions, journal: Journal
) -> None:
    """A caller can listen to an acquired id without waiting, and leaves no subscription behind."""
    prepared = PresubscribedIds(subscriptions)
    prepared.start()
    before = await _channels(journal, KEPT + 1)
    await subscriptions.add("later", print)  # confirmed after all of them
    news: asyncio.Queue[str | None] = asyncio.Queue()
    ident = prepared.acquire()
    assert f"cards:changed:{ident}" in before
    assert subscriptions.add(ident, news.put_nowait).done()
    prepared.release(ident)
    await journal._redis.publish(f"cards:changed:{ident}", "queued")
    async with asyncio.timeout(10):
        assert await news.get() == "queued"
    subscriptions.remove(ident, news.put_nowait)
    subscriptions.remove("later", print)
    after = await _channels(journal, KEPT + 1)
    assert f"cards:changed:{ident}" not in after
    prepared.stop()


async def test_an_empty_pool_makes_ids_at_once(subscriptions: Subscriptions) -> None:
    """Each id is given out once; an empty pool makes new ones at once."""
    prepared = PresubscribedIds(subscriptions)
    assert len({prepared.acquire() for _ in range(5)}) == 5
    prepared.start()
    await subscriptions.add("later", print)
    assert len({prepared.acquire() for _ in range(3 * KEPT)}) == 3 * KEPT
    prepared.stop()


async def test_without_redis_ids_are_made(journal: Journal) -> None:
    """Without a connection nothing is pooled, but ids are available."""
    prepared = PresubscribedIds(Subscriptions(Journal("redis://127.0.0.1:1", retries=0)))
    prepared.start()
    assert prepared.acquire() != prepared.acquire()
    prepared.stop()
