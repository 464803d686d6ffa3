"""A customer's ended commands are found as long as their statuses are kept, up to 50."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from producer import CardCommands
from producer.contract import Envelope, State
from producer.explain.command import story_of
from producer.explain.waits import Wait
from producer.journal import End, Retry, complete
from producer.journal.operations.customers import customer_record
from producer.journal.operations.exports import export
from tests.integration.ends import YES, Ends

pytestmark = pytest.mark.integration

_DAY_MS = 86_400_000


@pytest.fixture
def ends(redis_url: str) -> Iterator[Ends]:
    helper = Ends(redis_url)
    yield helper
    helper.close()


@pytest.fixture
def cards(redis_url: str) -> Iterator[CardCommands]:
    with CardCommands(redis_url, sender="shop") as client:
        yield client


def _end(ends: Ends, command_id: str, keep_s: int) -> None:
    outcome = End(State.SUCCEEDED, 200, YES, keep_s, Envelope.no("superseded", "newer"))
    ends.journal(complete(ends.take(command_id), outcome, next_holder="", lease_ms=60_000))


def test_the_newest_fifty_are_kept(cards: CardCommands, ends: Ends) -> None:
    """The 50 newest ended commands are found, newest first, and no older ones."""
    ids = []
    for _ in range(53):
        ids.append(cards.set_default(customer="cus_1", card="card_1").id)
        ends.end(ids[-1])
    waiting = cards.assign(customer="cus_1", source="tok_secret12345").id
    found = ends.journal(customer_record("cus_1"))
    assert [one.id for one in found.ended] == ids[:2:-1]
    assert [(one.id, one.card, one.sender) for one in found.unended] == [
        (waiting, "tok_***", "shop")
    ]


def test_history_lasts_as_long_as_the_longest_kept_status(cards: CardCommands, ends: Ends) -> None:
    """A later command with a shorter TTL does not shorten that of an earlier one."""
    for days, wanted in ((1, 1), (3, 3), (1, 3), (0, 8)):
        _end(ends, cards.set_default(customer="cus_1", card="card_1").id, days * 86_400)
        kept = ends.redis.pttl("cards:history:cus_1")
        assert abs(kept - wanted * _DAY_MS) < 60_000, days


def test_a_replayed_command_is_listed_once(cards: CardCommands, ends: Ends) -> None:
    """A replayed command moves to the front when it ends again."""
    failed = cards.set_default(customer="cus_1", card="card_1").id
    ends.fail(failed)
    other = cards.set_default(customer="cus_1", card="card_2").id
    ends.fail(other)
    cards.replay(failed)
    ends.end(failed)
    found = ends.journal(customer_record("cus_1")).ended
    assert [one.id for one in found] == [failed, other]


def test_a_damaged_history_stops_nothing(cards: CardCommands, ends: Ends) -> None:
    """A key of another type, or unknown ids, do not change how a command ends."""
    ends.redis.rpush("cards:history:cus_1", "x")
    one = cards.set_default(customer="cus_1", card="card_1").id
    ends.end(one)
    assert [known.id for known in ends.journal(customer_record("cus_1")).ended] == [one]
    ends.redis.set("cards:history:cus_1", f"no such\n{one}\n\n")
    ends.redis.hset(f"cards:command:{one}", mapping={"tries": "x", "finished": "9" * 30})
    (found,) = ends.journal(customer_record("cus_1")).ended
    assert (found.attempts, found.finished_at) == (0, None)


def test_a_migrations_commands_are_not_in_the_history(ends: Ends, cards: CardCommands) -> None:
    """Otherwise a migration of millions would keep a key for each row."""
    sent = cards.set_default(customer="cus_1", card="card_1").id
    ends.redis.hset(f"cards:command:{sent}", mapping={"migration": "mig_1", "number": 1})
    ends.end(sent)
    assert not ends.redis.exists("cards:history:cus_1")


def test_the_last_twenty_retries_are_shown(cards: CardCommands, ends: Ends) -> None:
    """Each has its time, state and code; the story also says what the command waits for."""
    sent = cards.set_default(customer="cus_1", card="card_1").id
    for number in range(23):
        again = Retry(0, number == 22, f"code_{number}", "busy")
        grant, request = ends.take(sent), f"req_{number}"
        ends.journal(complete(grant, again, next_holder="", lease_ms=60_000, request=request))
    exported = ends.journal(export(sent))
    assert exported is not None
    story = story_of(sent, exported)
    tries = [(one.what, one.code, one.request) for one in story.moments if one.code]
    assert tries == [
        *(("retrying", f"code_{number}", f"req_{number}") for number in range(3, 22)),
        ("unknown", "code_22", "req_22"),
    ]
    assert (story.wait, story.summary.attempts) == (Wait.TRUTH, 23)


def test_no_time_is_taken_for_a_card_number(cards: CardCommands, ends: Ends) -> None:
    """One in ten times in milliseconds passes for a card number; numbers in a reason still do."""
    sent = cards.set_default(customer="cus_1", card="card_1").id
    moments = range(1_796_000_000_000, 1_796_000_000_030)
    for moment in moments:
        ends.redis.hset(f"cards:command:{sent}", "try1", f"{moment} retrying 1 lock_timeout req_1")
        ends.redis.hset("cards:paused", "bulk", f"{moment} for 4242 4242 4242 4242")
        exported = ends.journal(export(sent))
        assert exported is not None
        told = [one.at.timestamp() * 1000 for one in story_of(sent, exported).moments if one.code]
        assert told == [moment]
        assert exported["pausedLanes"]["bulk"].startswith(f"{moment} for ")
        assert "4242 4242" not in exported["pausedLanes"]["bulk"]
