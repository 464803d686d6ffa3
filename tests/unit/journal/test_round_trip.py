"""When a round trip counts as confirmed, and how calls share it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.exceptions import ResponseError

from producer.contract import Envelope
from producer.journal import BlockingJournal, Call, Journal, JournalFault, cancel, status
from producer.journal.redis.round_trip import RoundTrip
from producer.redis import RedisConfig

_URL = {"REDIS_URL": "redis://127.0.0.1:1/0", "CARDS_REPLICAS": "2"}
_CALL: Call[Any] = Call(lambda answers: answers, commands=[("GET", "x")], durable=True)


@pytest.mark.parametrize(("told", "complete"), [(1, False), (2, True), (3, True)])
def test_enough_replicas_must_confirm(told: int, complete: bool) -> None:
    """With too few replicas the call has no answer yet, and is sent again."""
    trip = RoundTrip([_CALL], RedisConfig.from_environ(_URL))
    assert [command[0] for command in trip.commands()] == ["GET", "SET", "WAIT"]
    trip.answered(["1", "OK", told])
    assert trip.complete is complete
    assert (trip.unconfirmed is None) is complete


@pytest.mark.parametrize(("told", "complete"), [([1, 2], True), ([0, 2], False), ([1, 1], False)])
def test_the_disk_of_the_primary_counts_too(told: list[int], complete: bool) -> None:
    """If fsync is required, the primary's own is required besides the replicas'."""
    config = RedisConfig.from_environ({**_URL, "CARDS_REPLICAS_FSYNC": "yes"})
    trip = RoundTrip([_CALL], config)
    assert [command[0] for command in trip.commands()] == ["GET", "SET", "WAIT", "WAITAOF"]
    trip.answered(["1", "OK", 2, told])
    assert trip.complete is complete


def test_a_call_that_is_not_durable_is_answered_without_replicas() -> None:
    """Too few replicas delay only the durable calls of the round trip."""
    plain: Call[Any] = Call(lambda answers: answers, commands=[("GET", "y")])
    trip = RoundTrip([plain, _CALL], RedisConfig.from_environ(_URL))
    trip.commands()
    trip.answered(["y", "x", "OK", 0])
    assert trip.answers[0] == ["y"]
    assert not trip.complete


def test_adjacent_calls_of_a_script_run_as_one() -> None:
    """Each has its own answer or error, and only the durable one waits for confirmation."""
    calls = [
        _of("complete", "a", durable=True),
        _of("complete", "b", "c"),
        _of("claim", "d"),
        _of("complete", "e"),
    ]
    trip = RoundTrip(calls, RedisConfig.from_environ(_URL))
    sent = trip.commands()
    assert [command[3:] for command in sent[:3]] == [(1, "a", 2, "b", "c"), ("d",), ("e",)]
    failed = ResponseError("WRONGTYPE")
    trip.answered([["1", failed], "3", "4", "OK", 1])
    assert trip.answers[1:] == [failed, "3", "4"]
    assert not trip.complete
    assert [command[3:] for command in trip.commands()][:1] == [("a",)]


def test_an_unknown_script_is_loaded_for_all_its_calls(redis_url: str) -> None:
    """Many calls run as several scripts, each loaded once."""
    journal = BlockingJournal(redis_url)
    found = journal.many([status(f"none-{number}") for number in range(60)])
    assert found == [None] * 60
    journal.close()


async def test_an_error_of_one_call_does_not_affect_others(redis_url: str) -> None:
    """An error within a script for several calls is the answer to one of them."""
    journal = Journal(redis_url)
    await journal(Call(lambda _: None, commands=[("SET", "cards:command:b", "no hash")]))
    asked = (cancel(one, Envelope.no("cancelled", ""), keep_s=1) for one in "abc")
    told = await asyncio.gather(*map(journal, asked), return_exceptions=True)
    assert [told[0], told[2]] == [None, None]
    assert isinstance(told[1], JournalFault)
    assert "WRONGTYPE" in str(told[1])
    await journal.aclose()


def _of(script: str, *args: str, durable: bool = False) -> Call[Any]:
    return Call(lambda answer: answer, script, args, durable=durable)
