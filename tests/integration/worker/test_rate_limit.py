"""Worker processes under one rate limit, with a stand-in that counts and refuses requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from producer.client.sending import Order, assign_order, set_default_order
from producer.contract import Lane, State
from producer.journal import paces
from tests.crash.stage import Stage

pytestmark = pytest.mark.integration
RATE = 25


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path) as made:
        yield made


def _workers(stage: Stage, count: int, rate: int = RATE, each: int = 0) -> None:
    queues = "interactive,bulk"
    for number in range(count):
        settings = {"CARDS_STRIPE_RPS": str(rate), "CARDS_STRIPE_ENDPOINT_RPS": str(each)}
        stage.worker(f"limited{number}", queues, **settings)
    for worker in stage.workers:
        worker.ready()


def _send(stage: Stage, count: int, label: str = "Customer", *, default: bool = False) -> list[str]:
    orders: list[Order] = []
    for _ in range(count):
        customer = stage.customer(label)
        if default:
            orders.append(set_default_order(customer, stage.card(customer)))
        else:
            orders.append(assign_order(customer, f"tok_for{customer.removeprefix('cus_')}"))
    return [sent.id for sent in stage.client.send_many(orders, lane=Lane.BULK)]


def _ended(stage: Stage, ids: list[str]) -> None:
    for one in ids:
        stage.ended(one, State.SUCCEEDED)


def _done(stage: Stage, label: str) -> int:
    """How many effects the label's customers have."""
    return sum(str(one["customer"]).startswith(f"cus_{label}") for one in stage.stripe.effects())


def test_two_workers_share_one_limit(stage: Stage) -> None:
    """Two workers share the limit without a refusal; 429s slow both down."""
    # Without a limit all 98 would arrive at once. Benchmarks measure the exact rate: on a busy
    # machine a request can be delayed, and arrive together with the next second's.
    stage.stripe.configure(rps=RATE * 1.4)
    _workers(stage, 2)
    bulk = _send(stage, 90)
    _ended(stage, [stage.assign(stage.customer()) for _ in range(8)])
    _ended(stage, bulk)
    seconds = stage.stripe.rates()
    assert sum(one["limited"] for one in seconds) == 0
    assert max(one["requests"] for one in seconds) <= RATE * 1.4
    assert all("CardCommands" in worker.log for worker in stage.workers)

    # As Stripe's limiter answers when others use the account, too.
    stage.stripe.add_fault("status", status=429, reason="global-rate", method="POST")
    refused = _send(stage, 1)
    _ended(stage, refused)
    assert stage.status(refused[0]).attempts == 2
    pace = stage.journal(paces())["account"]
    assert pace.slowed == 1
    assert 0.7 <= pace.factor < 1
    before = len(stage.stripe.effects())
    _ended(stage, _send(stage, 50))
    times = [one["time"] for one in stage.stripe.effects()[before:]]
    # At the full rate it is 2.0 s; from 0.7, rising, 2.5 s and more.
    assert max(times) - min(times) > 2.2


def test_a_small_sender_does_not_wait_for_a_large_one(stage: Stage) -> None:
    """Ten commands sent after another sender's 400 are done before a third of those."""
    rate = 50
    _workers(stage, 1, rate)
    _send(stage, 400, "Large")
    stage.stripe.wait_for_requests(20)
    small = _send(stage, 10, "Small")
    _ended(stage, small)
    # The worker holds fifty before the ten arrive; then the senders take turns.
    assert _done(stage, "Large") < 130


def test_commands_sent_one_by_one_are_fetched_together(stage: Stage) -> None:
    """After the first, several messages of a bulk queue are fetched in a round trip."""
    commands = [stage.assign(stage.customer(), Lane.BULK) for _ in range(60)]
    stage.redis.config_resetstat()
    _workers(stage, 1, rate=50)
    _ended(stage, commands)
    stats = cast(dict[str, dict[str, int]], stage.redis.info("commandstats"))
    # The worker holds at least 25 at a time.
    assert stats["cmdstat_rpop"]["calls"] >= 1
    assert len(stage.stripe.effects()) == 60


@pytest.mark.extended
def test_a_full_endpoint_holds_up_no_other(stage: Stage) -> None:
    """Three senders at one endpoint's limit leave another endpoint's limit to a fourth."""
    _workers(stage, 1, rate=0, each=25)
    for label in ("LargeA", "LargeB", "LargeC"):
        _send(stage, 150, label)
    _ended(stage, _send(stage, 150, "Other", default=True))
    kinds = [one["kind"] for one in stage.stripe.effects()]
    other = "default_source.set"
    both = kinds[kinds.index(other) : len(kinds) - kinds[::-1].index(other)]
    assigned, others = both.count("source.created"), both.count(other)
    assert others == 150
    # While both endpoints were in use, they had the same rate.
    assert assigned < 1.4 * others


@pytest.mark.extended
def test_a_flood_of_interactive_commands_leaves_bulk_its_share(stage: Stage) -> None:
    """Bulk has a tenth of the limit, and slots, however many interactive commands arrive."""
    _workers(stage, 1, rate=50)
    flood = [stage.assign(stage.customer("Flood")) for _ in range(300)]
    stage.stripe.wait_for_requests(20)
    before = _done(stage, "Flood")
    _ended(stage, _send(stage, 10, "Bulk"))
    # Ten at five a second, while the flood has forty-five.
    assert _done(stage, "Flood") - before < 150
    _ended(stage, flood)
