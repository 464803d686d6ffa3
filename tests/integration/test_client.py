"""The sync and the async client against a real Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import pytest

from local.servers.valkey import ValkeyServer
from producer import (
    AssignCard,
    AsyncCardCommands,
    CardCommands,
    CommandHandle,
    CommandNotFound,
    IdempotencyKeyReused,
    Lane,
    NotCancellable,
    NotFailed,
    Refusal,
    SetDefaultCard,
    SettingsError,
    State,
    Unavailable,
    WaitTimeout,
)
from producer.client import sending
from producer.client.sending import Item
from tests.contract.decoding import decode
from tests.integration.ends import NO, YES, Ends, InBackground, until

pytestmark = pytest.mark.integration

DEFAULT = SetDefaultCard(customer="cus_1", card="card_1")
FOR_EVER_S = 100.0


@pytest.fixture
def cards(redis_url: str) -> Iterator[CardCommands]:
    with CardCommands(redis_url) as client:
        yield client


@pytest.fixture
async def async_cards(redis_url: str) -> AsyncIterator[AsyncCardCommands]:
    async with AsyncCardCommands(redis_url) as client:
        yield client


@pytest.fixture
def ends(redis_url: str) -> Iterator[Ends]:
    helper = Ends(redis_url)
    yield helper
    helper.close()


@pytest.fixture
def no_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is seen in time was published, not found by looking again."""
    monkeypatch.setattr(sending, "READ_AGAIN_S", FOR_EVER_S)


def test_a_sent_command_is_in_its_queue_and_has_a_status(cards: CardCommands, ends: Ends) -> None:
    """When the call returns, message and status are there, and the id is the task id."""
    handle = cards.set_default(customer="cus_1", card="card_1", lane="bulk")
    (message,) = ends.redis.lrange("bulk", 0, -1)
    headers, (_, kwargs, _) = decode(str(message))
    assert headers["id"] == handle.id
    assert headers["task"] == "SetDefaultCard"
    assert kwargs == {"userId": "cus_1", "default_source": "card_1"}
    status = handle.status()
    assert (status.id, status.state, status.lane) == (handle.id, State.QUEUED, Lane.BULK)
    assert not handle.known


def test_the_same_key_is_the_same_command(cards: CardCommands, ends: Ends) -> None:
    """An idempotency key makes a repeated order one command; another order under it is refused."""
    first = cards.assign(customer="cus_1", source="tok_1", idempotency_key="k")
    again = cards.assign(customer="cus_1", source="tok_1", idempotency_key="k")
    assert (again.id, again.known) == (first.id, True)
    with pytest.raises(IdempotencyKeyReused):
        cards.assign(customer="cus_1", source="tok_2", idempotency_key="k")
    assert ends.redis.llen("interactive") == 1


def test_a_key_belongs_to_its_sender(cards: CardCommands, ends: Ends, redis_url: str) -> None:
    """Two services, and one without a name, use the same key for commands of their own."""
    order = AssignCard(customer="cus_1", source="tok_1")
    with (
        CardCommands(redis_url, sender="billing") as billing,
        CardCommands(redis_url, sender="shop") as shop,
    ):
        first = billing.send(order, idempotency_key="k")
        other = shop.assign(customer="cus_2", source="tok_2", idempotency_key="k")
        again = billing.send(order, idempotency_key="k")
        (many,) = shop.send_many([(order, "k2")])
        (same,) = billing.send_many([(order, "k")])
        nameless = cards.send(order, idempotency_key="k")
    assert (again.id, again.known, same.id) == (first.id, True, first.id)
    assert not any(one.known for one in (first, other, many, nameless))
    rows = [ends.row(one.id) for one in (first, other, many, nameless)]
    assert [row.get("sender") for row in rows] == ["billing", "shop", "shop", None]


@pytest.mark.parametrize("name", ["1st", "a b", "a\nb", "ñandú", "x" * 65, "tok:en"])
def test_a_name_that_is_none_is_refused(redis_url: str, name: str) -> None:
    """A sender's name that could not stand in a log line is refused, by client and settings."""
    with pytest.raises(ValueError, match="sender"):
        CardCommands(redis_url, sender=name)
    with pytest.raises(SettingsError, match="CARDS_SENDER"):
        CardCommands.from_env({"REDIS_URL": redis_url, "CARDS_SENDER": name})


@pytest.mark.parametrize("envelope", [YES, NO])
@pytest.mark.usefixtures("no_polling")
def test_waiting_ends_with_the_command(cards: CardCommands, ends: Ends, envelope: Any) -> None:
    """Who waits is told the envelope when the command ends, a refusal being an answer too."""
    handle = cards.send(DEFAULT)
    waiting = InBackground(lambda: handle.wait(timeout=FOR_EVER_S))
    ends.until_listened(handle.id)
    ends.end(handle.id, envelope)
    assert waiting.result() == envelope
    assert handle.wait(timeout=0) == envelope


@pytest.mark.usefixtures("no_polling")
def test_waiting_survives_a_lost_connection(cards: CardCommands, ends: Ends) -> None:
    """A subscription that is cut is made again, and the end is heard on the new one."""
    handle = cards.send(DEFAULT)
    waiting = InBackground(lambda: handle.wait(timeout=FOR_EVER_S))
    ends.until_listened(handle.id)
    ends.redis.client_kill_filter(_type="pubsub")
    ends.until_not_listened(handle.id)
    ends.until_listened(handle.id)
    ends.end(handle.id)
    assert waiting.result() == YES


@pytest.mark.usefixtures("no_polling")
def test_an_end_during_a_lost_connection_is_not_missed(
    cards: CardCommands, ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ended while nobody was subscribed is found when the subscription is back."""
    ended = Event()
    monkeypatch.setattr("producer.client.blocking.time.sleep", lambda _: ended.wait())
    handle = cards.send(DEFAULT)
    waiting = InBackground(lambda: handle.wait(timeout=FOR_EVER_S))
    ends.until_listened(handle.id)
    ends.redis.client_kill_filter(_type="pubsub")
    ends.until_not_listened(handle.id)
    ends.end(handle.id)
    ended.set()
    assert waiting.result() == YES


def test_a_missed_message_is_made_up_for(
    cards: CardCommands, ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that was never published is found by reading again, if late."""
    monkeypatch.setattr(sending, "READ_AGAIN_S", 0.05)
    handle = cards.send(DEFAULT)
    monkeypatch.setattr(
        "producer.journal.BlockingJournal.changed_channel", lambda *_: "nothing-comes-here"
    )
    waiting = InBackground(lambda: handle.wait(timeout=FOR_EVER_S))
    until(lambda: ends.redis.pubsub_numsub("nothing-comes-here")[0][1] == 1)
    ends.end(handle.id)
    assert waiting.result() == YES


def test_waiting_too_short_tells_where_it_stands(cards: CardCommands, ends: Ends) -> None:
    """A wait that runs out carries the id and the state, and leaves the command alone."""
    handle = cards.send(DEFAULT)
    ends.take(handle.id)
    with pytest.raises(WaitTimeout) as caught:
        handle.wait(timeout=0.01)
    assert (caught.value.id, caught.value.status.state) == (handle.id, State.RUNNING)
    assert cards.status(handle.id, wait=0.01).state is State.RUNNING


@pytest.mark.parametrize("ask", ["status", "wait", "cancel", "replay", "failed_command"])
def test_an_unknown_id_is_not_found(cards: CardCommands, ask: str) -> None:
    """Every question about an id never accepted is answered by the same error, with the id."""
    with pytest.raises(CommandNotFound) as caught:
        getattr(cards, ask)("never-accepted")
    assert caught.value.id == "never-accepted"


def test_many_are_accepted_in_order_and_drawn_lazily(cards: CardCommands, ends: Ends) -> None:
    """A batch is drawn a window ahead of its handles, whose order is that of the batch."""
    drawn = 0

    def orders() -> Iterator[Item]:
        nonlocal drawn
        for number in range(3 * sending.WINDOW):
            drawn += 1
            yield SetDefaultCard(customer=f"cus_{number}", card="card_1")

    handles = cards.send_many(orders())
    assert drawn == 0
    first = next(handles)
    assert drawn == sending.WINDOW
    rest = list(handles)
    assert [h.order.customer for h in (first, *rest)] == [f"cus_{n}" for n in range(drawn)]
    assert len({h.id for h in (first, *rest)}) == drawn == ends.queued(Lane.BULK)


def test_one_refused_item_stops_no_other(cards: CardCommands, ends: Ends) -> None:
    """With `on_refused`, what is refused is told apart and all the rest is accepted."""
    cards.send(AssignCard(customer="cus_1", source="tok_0"), idempotency_key="used")
    bad_key: Item = (DEFAULT, "")
    reused: Item = (DEFAULT, "used")
    refused: list[tuple[Item, str]] = []
    handles = list(
        cards.send_many(
            [(DEFAULT, "a"), bad_key, reused, (DEFAULT, "b")],
            on_refused=lambda item, refusal: refused.append((item, refusal.code)),
        )
    )
    assert len(handles) == ends.queued(Lane.BULK) == 2
    assert refused == [(bad_key, "parameter_invalid"), (reused, "idempotency_key_reused")]


def test_without_on_refused_a_refusal_is_raised(cards: CardCommands) -> None:
    """What precedes a refused item is yielded before the refusal is raised."""
    got: list[CommandHandle] = []
    with pytest.raises(Refusal):
        got.extend(cards.send_many([DEFAULT, (DEFAULT, "")]))
    assert len(got) == 1


def test_a_batch_may_be_repeated(cards: CardCommands, ends: Ends) -> None:
    """A batch with keys, sent again from its beginning, adds nothing."""
    items: list[Item] = [
        (SetDefaultCard(customer=f"cus_{n}", card="card_1"), f"row-{n}") for n in range(20)
    ]
    first = [handle.id for handle in cards.send_many(items[:13])]
    again = list(cards.send_many(items))
    assert [h.id for h in again][:13] == first
    assert [h.known for h in again] == [True] * 13 + [False] * 7
    assert ends.queued(Lane.BULK) == 20


def test_cancelling(cards: CardCommands, ends: Ends) -> None:
    """A queued command is cancelled, twice if asked twice; one that was sent is not."""
    queued = cards.send(DEFAULT)
    cards.cancel(queued.id)
    cards.cancel(queued.id)
    assert cards.wait(queued.id, timeout=0).code == "cancelled"
    sent = cards.send(SetDefaultCard(customer="cus_2", card="card_1"))
    ends.take(sent.id)
    with pytest.raises(NotCancellable) as caught:
        cards.cancel(sent.id)
    assert caught.value.state is State.RUNNING


def test_failed_commands_are_listed_and_replayed(cards: CardCommands, ends: Ends) -> None:
    """A failed command is listed with its order and code; replayed, it is queued under its id."""
    handle = cards.assign(customer="cus_1", source="tok_1")
    ends.fail(handle.id, "lock_timeout")
    (one,) = cards.failed()
    assert (one.id, one.code, one.order) == (handle.id, "lock_timeout", handle.order)
    assert cards.failed_command(handle.id) == one
    assert cards.replay(handle.id) is State.QUEUED
    assert list(cards.failed()) == []
    with pytest.raises(NotFailed) as caught:
        cards.replay(handle.id)
    assert caught.value.state is State.QUEUED
    ends.end(handle.id)
    assert handle.wait() == YES


def test_out_of_reach() -> None:
    """Where Redis does not answer, sending and waiting say so; waiting, after its time."""
    with CardCommands("redis://127.0.0.1:1/0", retries=0) as cards:
        with pytest.raises(Unavailable):
            cards.send(DEFAULT)
        with pytest.raises(Unavailable):
            next(cards.send_many([DEFAULT]))
        with pytest.raises(Unavailable):
            cards.wait(str(uuid4()), timeout=0.01)


def test_settings_come_from_the_environment(redis_url: str) -> None:
    """`from_env` reads REDIS_URL and the language; without REDIS_URL it names it."""
    with CardCommands.from_env({"REDIS_URL": redis_url, "CARDS_LANGUAGE": "en"}) as cards:
        handle = cards.send(DEFAULT)
        cards.cancel(handle.id)
        assert handle.wait(timeout=0).message.startswith("Cancelled")
    with pytest.raises(SettingsError, match="REDIS_URL"):
        CardCommands.from_env({})


@pytest.mark.crash
def test_accepted_commands_and_waiting_survive_a_kill_of_redis(tmp_path: Path) -> None:
    """What was accepted is there after SIGKILL and restart of Redis, and waits are answered."""
    with ValkeyServer(tmp_path) as server, CardCommands(server.url) as cards:
        ends = Ends(server.url)
        handles = list(cards.send_many([(DEFAULT, "a"), (DEFAULT, "b")]))
        waiting = InBackground(lambda: handles[0].wait(timeout=FOR_EVER_S))
        ends.until_listened(handles[0].id)
        server.restart()
        assert [cards.status(h.id).state for h in handles] == [State.QUEUED] * 2
        ends.end(handles[0].id)
        assert waiting.result() == YES
        ends.close()


@pytest.mark.usefixtures("no_polling")
async def test_the_async_client_sends_and_waits(async_cards: AsyncCardCommands, ends: Ends) -> None:
    """The async twin's handle answers the envelope as the command ends."""
    handle = await async_cards.assign(customer="cus_1", source="tok_1", idempotency_key="k")
    again = await async_cards.assign(customer="cus_1", source="tok_1", idempotency_key="k")
    assert (again.id, again.known) == (handle.id, True)
    assert (await handle.status()).state is State.QUEUED
    waiting = asyncio.create_task(handle.wait(timeout=FOR_EVER_S))
    await asyncio.to_thread(ends.until_listened, handle.id)
    await asyncio.to_thread(ends.end, handle.id)
    assert await waiting == YES


@pytest.mark.usefixtures("no_polling")
async def test_the_async_wait_survives_a_lost_connection(
    async_cards: AsyncCardCommands, ends: Ends
) -> None:
    """A cut subscription of the async twin is made again, and the end is heard on the new one."""
    handle = await async_cards.set_default(customer="cus_1", card="card_1")
    waiting = asyncio.create_task(handle.wait(timeout=FOR_EVER_S))
    await asyncio.to_thread(ends.until_listened, handle.id)
    ends.redis.client_kill_filter(_type="pubsub")
    await asyncio.to_thread(ends.until_not_listened, handle.id)
    await asyncio.to_thread(ends.until_listened, handle.id)
    ends.end(handle.id)
    assert await waiting == YES


async def test_an_async_wait_may_be_given_up(async_cards: AsyncCardCommands, ends: Ends) -> None:
    """A wait that is cancelled or runs out leaves no subscription behind."""
    handle = await async_cards.send(DEFAULT)
    waiting = asyncio.create_task(handle.wait(timeout=None))
    await asyncio.to_thread(ends.until_listened, handle.id)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.to_thread(ends.until_not_listened, handle.id)
    with pytest.raises(WaitTimeout):
        await handle.wait(timeout=0.01)
    await asyncio.to_thread(ends.until_not_listened, handle.id)


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_the_async_client_sends_many(
    async_cards: AsyncCardCommands, ends: Ends, asynchronous: bool
) -> None:
    """Many orders, from an iterable of either kind, are accepted in order."""
    orders = [SetDefaultCard(customer=f"cus_{n}", card="card_1") for n in range(sending.WINDOW + 3)]

    async def drawn() -> AsyncIterator[Item]:
        for order in orders:
            yield order

    handles = [h async for h in async_cards.send_many(drawn() if asynchronous else orders)]
    assert [handle.order for handle in handles] == orders
    assert ends.queued(Lane.BULK) == len(orders)
    refused: list[str] = []
    mixed: list[Item] = [orders[0], (orders[1], "")]
    sent = async_cards.send_many(mixed, on_refused=lambda _, why: refused.append(why.code))
    assert len([handle async for handle in sent]) == 1
    assert refused == ["parameter_invalid"]


async def test_the_async_client_looks_after_commands(
    async_cards: AsyncCardCommands, ends: Ends
) -> None:
    """Cancelling, listing failed ones, replaying and not finding work as in the sync client."""
    cancelled = await async_cards.send(DEFAULT)
    await async_cards.cancel(cancelled.id)
    with pytest.raises(NotFailed):
        await async_cards.replay(cancelled.id)
    handle = await async_cards.assign(customer="cus_2", source="tok_1")
    ends.fail(handle.id)
    assert [one.id async for one in async_cards.failed()] == [handle.id]
    assert (await async_cards.failed_command(handle.id)).order == handle.order
    assert await async_cards.replay(handle.id) is State.QUEUED
    ends.take(handle.id)
    with pytest.raises(NotCancellable):
        await async_cards.cancel(handle.id)
    for ask in (async_cards.status, async_cards.wait, async_cards.cancel, async_cards.replay):
        with pytest.raises(CommandNotFound):
            await ask("never-accepted")


def test_a_lost_journal_is_no_answer(cards: CardCommands, ends: Ends) -> None:
    """Of a journal that was lost nobody says that a command was never accepted, nor waits on."""
    handle = cards.send(DEFAULT)
    waiting = InBackground(lambda: handle.wait(timeout=None))
    ends.until_listened(handle.id)
    ends.redis.flushall()
    ends.redis.publish(f"cards:changed:{handle.id}", "running")  # have it look now
    lost = "no longer has its earlier data"
    with pytest.raises(Unavailable, match=lost):
        waiting.result()
    for ask in (handle.status, handle.wait, lambda: cards.cancel(handle.id)):
        with pytest.raises(Unavailable, match=lost):
            ask()
    with pytest.raises(Unavailable, match=lost):
        cards.send(DEFAULT)


async def test_a_lost_journal_is_no_answer_async(
    async_cards: AsyncCardCommands, ends: Ends
) -> None:
    """The async client likewise."""
    handle = await async_cards.send(DEFAULT)
    ends.redis.flushall()
    for ask in (handle.status, lambda: handle.wait(None)):
        with pytest.raises(Unavailable, match="no longer has its earlier data"):
            await ask()
    with pytest.raises(Unavailable, match="no longer has its earlier data"):
        await async_cards.send(DEFAULT)
