"""What a migration's progress says of the rate limit."""

from __future__ import annotations

from typing import Any, cast

import pytest

from producer.journal import BlockingJournal, Pace
from producer.migrations.run import limiter_use


class Told:
    """A journal that tells what it is given."""

    def __init__(self) -> None:
        self.paces: dict[str, Pace] = {}

    def __call__(self, _call: object) -> Any:
        return self.paces


def test_the_use_is_that_of_the_limit_used_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests booked since the last look, as a share of what was allowed in that time."""
    told, now = Told(), 100.0
    use = limiter_use.LimiterUse(cast(BlockingJournal, told))
    monkeypatch.setattr("producer.migrations.run.limiter_use.time.monotonic", lambda: now)
    told.paces = {"account": Pace(1.0, 0, 100.0, 500), "POST /x": Pace(1.0, 0, 25.0, 400)}
    assert use() is None
    now += 2
    told.paces = {"account": Pace(1.0, 0, 100.0, 548), "POST /x": Pace(1.0, 0, 25.0, 448)}
    assert use() == pytest.approx(0.96)


def test_without_a_limit_there_is_no_use() -> None:
    """Nothing is told where nothing is limited."""
    use = limiter_use.LimiterUse(cast(BlockingJournal, Told()))
    assert [use(), use()] == [None, None]
