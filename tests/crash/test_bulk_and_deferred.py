"""Many commands in one worker: in one message, or waiting for the rate limit."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from producer.client.sending import Order, set_default_order
from producer.contract import Lane, State
from producer.journal.commands.messages import batch_message
from tests.crash.stage import Stage
from tests.crash.worker_process import wait_until

pytestmark = pytest.mark.crash

_RPS = 12


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Two workers on both lanes, and an account with a low rate limit; Stripe is slow."""
    with Stage(tmp_path_factory.mktemp("limited")) as made:
        made.stripe.configure(
            rps=_RPS, latency={"kind": "lognormal", "median_ms": 40, "p99_ms": 400}
        )
        for name in ("first", "second"):
            made.worker(name, queues="interactive,bulk", CARDS_STRIPE_RPS=str(_RPS))
        for worker in made.workers:
            worker.ready()
        yield made


def _orders(stage: Stage, count: int) -> list[Order]:
    """Two for each customer: the second card, then the first again."""
    orders = []
    for _ in range(count // 2):
        customer = stage.customer()
        orders += [set_default_order(customer, stage.card(customer, n)) for n in (2, 1)]
    return orders


def _send(stage: Stage, orders: list[Order]) -> list[str]:
    return [handle.id for handle in stage.client.send_many(orders)]


def _all_done_once_in_order(stage: Stage, orders: list[Order], commands: list[str]) -> None:
    for command in commands:
        stage.ended(command, State.SUCCEEDED)
        assert len(stage.effects(command)) == 1
    for at in range(0, len(orders), 2):
        assert stage.applied(orders[at].customer) == commands[at : at + 2]


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_deferred_commands_of_a_worker_that_ends(limited: Stage, signum: int) -> None:
    """Other workers execute them once and in order, within the rate limit."""
    orders = _orders(limited, 60)
    commands = _send(limited, orders)
    wait_until(
        lambda: sum(limited.status(one).state is State.WAITING for one in commands) > 20,
        "nothing waits for the limit",
    )
    victim = limited.workers[0]
    with victim.ending():
        victim.signal(signum)
    _all_done_once_in_order(limited, orders, commands)
    assert not sum(second["limited"] for second in limited.stripe.rates())


def test_a_slow_command_holds_back_none_of_its_message(stage: Stage) -> None:
    """The other commands of a bulk message end while one is still at Stripe."""
    customers = [stage.customer() for _ in range(50)]
    hold = stage.hold(customers[7], "before")
    commands = _send(stage, [set_default_order(one, stage.card(one)) for one in customers])
    hold.wait()
    for command in commands[:7] + commands[8:]:
        stage.ended(command, State.SUCCEEDED)
    assert stage.status(commands[7]).state is State.RUNNING
    hold.release()
    stage.ended(commands[7], State.SUCCEEDED)


def test_a_bulk_message_delivered_three_times(stage: Stage) -> None:
    """Each command takes effect once and in order, though its message is delivered three times."""
    stage.stripe.configure(latency={"kind": "lognormal", "median_ms": 30, "p99_ms": 300})
    try:
        orders = _orders(stage, 50)
        hold = stage.hold(orders[0].customer, "after")
        commands = _send(stage, orders)
        hold.wait()
        for lane in Lane:
            stage.redis.lpush(lane.value, batch_message(commands, lane.value))
        wait_until(lambda: not any(map(stage.messages, Lane)), "the copies are not received")
        hold.release()
        _all_done_once_in_order(stage, orders, commands)
    finally:
        stage.stripe.configure(latency=None)
    stage.idle()
    for command in commands:
        assert len(stage.requests(command)) == 1
