"""The seed determines the orders and acts of a run."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from chaos.history import ASSIGN
from chaos.load.orders import Orders
from chaos.options import SENTINEL, Options
from chaos.system import failovers
from chaos.system.nemesis import KILL_REDIS, KILLS, schedule
from producer.client.sending import acceptance, assign_order, set_default_order


def _orders(seed: int, count: int = 500) -> Orders:
    return Orders(Options(seed=seed, customers=20, commands=count))


def test_the_seed_fixes_the_orders() -> None:
    """The same seed draws the same orders, another seed others."""
    first, again, other = (_orders(seed) for seed in (1, 1, 2))
    assert first.customers == again.customers != other.customers
    assert [first.next() for _ in range(200)] == [again.next() for _ in range(200)]
    assert first.next() != other.next()


def test_the_product_accepts_every_order() -> None:
    """Validation refuses none, so that every refusal in a run means something."""
    drawn = _orders(3, 2_000)
    for _ in range(2_000):
        order = drawn.next()
        make = assign_order if order.kind == ASSIGN else set_default_order
        acceptance(make(order.customer, order.object), order.key, "bulk")


def test_a_long_run_holds_a_hundred_kills() -> None:
    """Ten minutes at the usual pace have a hundred kills of workers, web and Redis, or more."""
    acts = schedule(Options(seed=4, seconds=600))
    done = Counter(act.what for act in acts)
    assert sum(done[what] for what in KILLS) >= 100
    assert done[KILL_REDIS] >= 30
    assert all(before.at <= after.at for before, after in pairwise(acts))
    assert acts == schedule(Options(seed=4, seconds=600))


@pytest.mark.parametrize(
    "wrong",
    [
        ["--seconds", "0"],
        ["--commands", "-1"],
        ["--workers", "x"],
        ["--nonsense"],
        ["--replicas", "1"],
        ["--failovers-every", "5"],
        ["--redis", "sentinel", "--replicas", "3"],
    ],
)
def test_a_wrong_option_is_refused(wrong: list[str]) -> None:
    """It exits with code 2, before anything is started."""
    with pytest.raises(SystemExit) as stopped:
        Options.parse(wrong)
    assert stopped.value.code == 2


def test_failovers_do_not_change_the_other_acts() -> None:
    """Ten minutes have at least 20 failovers; the other acts are the same as without."""
    with_them = Options(seed=4, seconds=600, redis=SENTINEL, failovers_every=20, replicas=1)
    acts = schedule(with_them)
    found = Counter(act.what for act in acts if act.what in failovers.KINDS)
    assert sum(found.values()) >= 20
    assert [act for act in acts if act.what not in failovers.KINDS] == schedule(
        Options(seed=4, seconds=600)
    )
    # With one of two replicas waited for, healthy primaries are not replaced.
    assert found.keys() == {failovers.KILL, failovers.PAUSE, failovers.HAND_OVER}
    for replicas, servers in ((0, 3), (1, 2), (2, 3)):
        drawn = failovers.shares(Options(replicas=replicas, servers=servers))
        assert drawn.keys() == set(failovers.KINDS)
