"""The simulation behind docs/scale.md is complete and reproducible, and measures fairness."""

from __future__ import annotations

import pytest

from benchmarks.simulation.account import Account, Command
from benchmarks.simulation.figures import Figures, jain
from benchmarks.simulation.traffic import accounts
from producer.contract import Lane
from producer.journal import Limits
from producer.journal.redis.endpoints import Endpoint

LIMITS = Limits(account=100, endpoint=25)


def _hour() -> tuple[list[float], Figures]:
    sent, figures = list[float](), Figures()
    for commands in accounts(10, 8_000, seed=3):
        account = Account(LIMITS)
        account.run(commands)
        assert len(account.placed) == len(commands)
        assert all(one.sent >= one.accepted for one in commands)
        sent += [one.sent for one in account.placed]
        figures.add(account.placed)
    return sent, figures


def test_all_is_sent_and_the_seed_determines_when() -> None:
    """Every command of every account is sent, at the same times in every run."""
    sent, figures = _hour()
    assert len(sent) == 8_000
    assert sent == _hour()[0]
    assert figures.most_of_endpoint <= 26


def test_senders_that_start_together_share_evenly() -> None:
    """Four senders of one endpoint, one ten times larger, get the same share of a minute."""
    commands = [
        Command(0, Lane.BULK, Endpoint.DEFAULT, sender)
        for sender, count in ((1, 10_000), (2, 1_000), (3, 1_000), (4, 1_000))
        for _ in range(count)
    ]
    figures = Figures()
    Account(LIMITS).run(commands)
    figures.add(commands)
    assert min(figures.fairness[4]) > 0.98
    assert figures.use(LIMITS) > 0.97


def test_jains_index() -> None:
    """Equal shares are 1, one for all is 1/n, and a known case in between."""
    assert jain([5, 5, 5]) == 1
    assert jain([9, 0, 0]) == pytest.approx(1 / 3)
    assert jain([1, 2]) == pytest.approx(0.9)
