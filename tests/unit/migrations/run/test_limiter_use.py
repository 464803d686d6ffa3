"""The use of the rate limit in a migration's progress."""

from __future__ import annotations

from typing import Any, cast

import pytest

from producer.journal import BlockingJournal, Pace
from producer.migrations.run import limiter_use


class FakeJournal:
    """A journal with given paces."""

    def __init__(self) -> None:
        self.paces: dict[str, Pace] = {}

    def __call__(self, _call: object) -> Any:
        return self.paces


def test_the_busiest_limit_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests booked since the call before, as a share of what was allowed in that time."""
    journal, now = FakeJournal(), 100.0
    use = limiter_use.LimiterUse(cast(BlockingJournal, journal))
    monkeypatch.setattr("producer.migrations.run.limiter_use.time.monotonic", lambda: now)
    journal.paces = {"account": Pace(1.0, 0, 100.0, 500), "POST /x": Pace(1.0, 0, 25.0, 400)}
    assert use() is None
    now += 2
    journal.paces = {"account": Pace(1.0, 0, 100.0, 548), "POST /x": Pace(1.0, 0, 25.0, 448)}
    assert use() == pytest.approx(0.96)


def test_without_a_limit_there_is_no_use() -> None:
    """The use is None without limits."""
    use = limiter_use.LimiterUse(cast(BlockingJournal, FakeJournal()))
    assert [use(), use()] == [None, None]
