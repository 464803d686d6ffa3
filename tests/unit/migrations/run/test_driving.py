"""Window, throttle, history and failure limit of a driver."""

from __future__ import annotations

import pytest

from producer.migrations.run.failures import Failures
from producer.migrations.run.history import History
from producer.migrations.run.pace import LEAST, MOST, Throttle, Window


def test_a_window_follows_the_workers_rate() -> None:
    """About ten seconds' worth of rows is in flight, within bounds."""
    window = Window()
    assert window.size == LEAST
    for second in range(20):
        window.ended(float(second), second * 100, dry=False)
    assert window.rate == pytest.approx(100, rel=0.1)
    assert 900 <= window.size <= 1_100
    for second in range(20, 40):
        window.ended(float(second), second * 10_000, dry=False)
    assert window.size == MOST


def test_a_window_that_ran_dry_grows() -> None:
    """If workers had nothing left, the window doubles."""
    window = Window()
    window.ended(0.0, 0, dry=True)
    assert window.size == 2 * LEAST


def test_a_window_has_a_bound() -> None:
    """With a limit on failures the window stays at its bound."""
    window = Window(400)
    for second in range(20):
        window.ended(float(second), second * 1_000, dry=True)
    assert window.size == 400
    assert Window(1).size == LEAST


def test_a_throttle_keeps_its_rate() -> None:
    """Ten seconds pass ten times the rate; changes take effect at once."""
    throttle = Throttle()
    sent, now = 0, 0.0
    while now < 10:
        allowed = throttle.allowed(now, 5.0)
        assert allowed is not None
        throttle.sent(allowed)
        sent += allowed
        now += 0.2
    assert 48 <= sent <= 52
    assert throttle.allowed(now, None) is None
    throttle.sent(1_000)
    assert throttle.allowed(now, 5.0) is not None


def test_a_slow_throttle_still_sends() -> None:
    """Less than a row a second is a row every few seconds."""
    throttle = Throttle()
    sent = 0
    for tick in range(100):
        allowed = throttle.allowed(tick / 5, 0.25) or 0
        throttle.sent(allowed)
        sent += allowed
    assert 5 <= sent <= 6


def test_a_history_is_thinned() -> None:
    """The chart has at most 240 points, for any duration, including the newest."""
    history = History()
    for second in range(100_000):
        history.add(second * 1_000, second)
    assert 100 <= len(history.samples) <= 240
    gaps = {b[0] - a[0] for a, b in zip(history.samples, history.samples[1:], strict=False)}
    assert len(gaps) == 1
    assert history.samples[-1][0] > 99_000_000 * 0.99


def test_a_history_continues_with_another_driver() -> None:
    """The next driver continues the samples with the same gap."""
    samples = [(second * 10_000, second) for second in range(200)]
    history = History(samples)
    assert not history.add(samples[-1][0] + 1_000, 200)
    assert history.add(samples[-1][0] + 20_000, 200)
    assert history.samples[:-1] == samples


@pytest.mark.parametrize(
    ("most", "percent", "counts", "too_many"),
    [
        (None, None, {"n6": "1000"}, False),
        (5, None, {"n6": "3", "n9": "1"}, False),
        (5, None, {"n6": "3", "n9": "2"}, True),
        (5, None, {"n6": "9", "base_failed": "5"}, False),
        (None, 5.0, {"n2": "50", "n6": "40"}, False),
        (None, 5.0, {"n2": "96", "n6": "4"}, False),
        (None, 5.0, {"n2": "95", "n6": "5"}, True),
        (None, 5.0, {"n2": "95", "n6": "5", "n7": "1000"}, True),
        (None, 5.0, {"n2": "190", "n6": "10", "base_ended": "90", "base_failed": "9"}, False),
    ],
)
def test_failures(
    most: int | None, percent: float | None, counts: dict[str, str], too_many: bool
) -> None:
    """The limit is a number, or a share of at least a hundred rows since the start or a resume."""
    failures = Failures(most, percent)
    assert failures.limited is (most is not None or percent is not None)
    assert failures.too_many(counts) is too_many
