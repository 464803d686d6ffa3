"""What of a round trip counts as confirmed."""

from __future__ import annotations

from typing import Any

import pytest

from producer.journal import Call
from producer.journal.round_trip import RoundTrip
from producer.redis import RedisConfig

_URL = {"REDIS_URL": "redis://127.0.0.1:1/0", "CARDS_REPLICAS": "2"}
_CALL: Call[Any] = Call(lambda answers: answers, commands=[("GET", "x")], durable=True)


@pytest.mark.parametrize(("told", "complete"), [(1, False), (2, True), (3, True)])
def test_as_many_replicas_as_are_demanded_must_have_it(told: int, complete: bool) -> None:
    """With fewer the call has no answer yet, and is sent again."""
    trip = RoundTrip([_CALL], RedisConfig.from_environ(_URL))
    assert [command[0] for command in trip.commands()] == ["GET", "SET", "WAIT"]
    trip.answered(["1", "OK", told])
    assert trip.complete is complete
    assert (trip.unconfirmed is None) is complete


@pytest.mark.parametrize(("told", "complete"), [([1, 2], True), ([0, 2], False), ([1, 1], False)])
def test_the_disk_of_the_primary_counts_too(told: list[int], complete: bool) -> None:
    """Where fsync is demanded, the primary's own is, besides the replicas'."""
    config = RedisConfig.from_environ({**_URL, "CARDS_REPLICAS_FSYNC": "yes"})
    trip = RoundTrip([_CALL], config)
    assert [command[0] for command in trip.commands()] == ["GET", "SET", "WAIT", "WAITAOF"]
    trip.answered(["1", "OK", 2, told])
    assert trip.complete is complete


def test_a_call_that_need_not_be_confirmed_is_answered_all_the_same() -> None:
    """Too few replicas hold back what must be confirmed, and nothing else of the trip."""
    plain: Call[Any] = Call(lambda answers: answers, commands=[("GET", "y")])
    trip = RoundTrip([plain, _CALL], RedisConfig.from_environ(_URL))
    trip.commands()
    trip.answered(["y", "x", "OK", 0])
    assert trip.answers[0] == ["y"]
    assert not trip.complete
