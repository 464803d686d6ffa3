"""What clients and the command line say of damaged records."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from producer import AsyncCardCommands, CardCommands, JournalFault, RecordDamaged, ResultGone, State
from producer.cli.app import run
from producer.cli.exits import Exit
from producer.journal.operations.dead_letters import DeadReason, dead_letter, set_aside
from tests.integration.ends import Ends

pytestmark = pytest.mark.integration


@pytest.fixture
def ends(redis_url: str) -> Iterator[Ends]:
    made = Ends(redis_url)
    yield made
    made.close()


@pytest.fixture
def cards(redis_url: str) -> Iterator[CardCommands]:
    with CardCommands(redis_url, retries=0) as made:
        yield made


def _sent(cards: CardCommands, customer: str = "cus_1") -> str:
    return cards.set_default(customer=customer, card="card_1").id


async def test_a_damaged_record(cards: CardCommands, ends: Ends, redis_url: str) -> None:
    """Status and waiting of either client raise what carries the id, at once."""
    command = _sent(cards)
    ends.redis.hset(f"cards:command:{command}", "accepted", "x")
    for asked in (cards.status, cards.wait):
        with pytest.raises(RecordDamaged) as damaged:
            asked(command)
        assert damaged.value.id == command
    async with AsyncCardCommands(redis_url) as others:
        with pytest.raises(RecordDamaged):
            await others.wait(command)
        with pytest.raises(RecordDamaged):
            await others.status(command, wait=5)


async def test_a_damaged_result(cards: CardCommands, ends: Ends, redis_url: str) -> None:
    """The status says how it ended; waiting for the envelope says that it is gone."""
    command = _sent(cards)
    ends.end(command)
    ends.redis.set(f"celery-task-meta-{command}", "{")
    assert cards.status(command).state is State.SUCCEEDED
    with pytest.raises(ResultGone) as gone:
        cards.wait(command)
    assert gone.value.status.state is State.SUCCEEDED
    async with AsyncCardCommands(redis_url) as others:
        with pytest.raises(ResultGone):
            await others.wait(command)


def test_a_call_that_cannot_be_carried_out_is_no_outage(cards: CardCommands, ends: Ends) -> None:
    """It is told from an outage, and so not repeated."""
    ends.redis.set("cards:sequence", "x")
    with pytest.raises(JournalFault):
        _sent(cards)
    with pytest.raises(JournalFault):
        cards.status("\ud800")


def test_a_damaged_failed_command_hides_no_other(
    cards: CardCommands,
    ends: Ends,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The others are listed and can be replayed."""
    sent = [_sent(cards, f"cus_{n}") for n in range(4)]
    for command in sent:
        ends.fail(command)
    ends.redis.hset(f"cards:command:{sent[0]}", "kind", "x")
    ends.redis.delete(f"cards:command:{sent[2]}")
    ends.redis.set(f"cards:command:{sent[2]}", "x")
    assert [one.id for one in cards.failed()] == [sent[1], sent[3]]
    monkeypatch.setenv("REDIS_URL", redis_url)
    assert run(["failed", "list"]) == Exit.DONE
    assert "2 failed" in capsys.readouterr().out


def test_dead_letters_are_shown_and_forgotten(
    ends: Ends,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The newest first, for people and for programs; what nobody of ours wrote is left out."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    assert run(["dead-letters"]) == Exit.DONE
    assert capsys.readouterr().out == "no dead letters\n"
    for text in (b"tok_secret12345 first", b"second \x1b[31m"):
        ends.journal(set_aside(dead_letter("bulk.3", DeadReason.NOT_JSON, text)))
    ends.redis.rpush("cards:dead-letters", "garbage", "5 {}", "x {}")
    assert run(["dead-letters"]) == Exit.DONE
    out = capsys.readouterr().out
    assert out.index("second") < out.index("first")
    assert "2 dead letters" in out
    assert "secret" not in out
    assert "\x1b" not in out
    assert run(["dead-letters", "--json", "--clear"]) == Exit.DONE
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["size"] for one in told] == [12, 21]
    assert {one["reason"] for one in told} == {"not_json"}
    assert run(["dead-letters"]) == Exit.DONE


def test_the_newest_thousand_are_kept(ends: Ends) -> None:
    """A flood of garbage does not fill Redis."""
    calls = [set_aside(dead_letter("bulk", DeadReason.NOT_JSON, b"%d" % n)) for n in range(1010)]
    ends.journal.many(calls)
    assert ends.redis.llen("cards:dead-letters") == 1000
    assert ends.redis.hget("cards:dead-letter-counts", "not_json") == "1010"


@pytest.mark.parametrize("key", ["cards:dead-letters", "cards:dead-letter-counts"])
def test_keys_of_another_type_do_not_keep_letters_from_being_set_aside(
    ends: Ends, key: str
) -> None:
    """Setting aside raises nothing, whatever is in its keys."""
    ends.redis.set(key, "x")
    ends.journal(set_aside(dead_letter("bulk", DeadReason.NOT_JSON, b"x")))
