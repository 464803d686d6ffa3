"""Paused lanes: which commands start, which wait, and which are finished."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from producer import CardCommands, Lane, State
from producer.contract import Envelope
from producer.journal import (
    BlockingJournal,
    ClaimStatus,
    End,
    Retry,
    claim,
    claim_next,
    complete,
    leased,
    pause_lane,
    paused_lanes,
    resume_lane,
    stuck_for,
    sweep,
)
from producer.journal.operations.exports import export

pytestmark = pytest.mark.integration

LEASE_MS = 60_000
DONE = End(State.SUCCEEDED, 200, Envelope.yes("done"), 90_000, Envelope.no("superseded", "newer"))
UNCERTAIN = Retry(0, True, "timeout", "no answer")


@pytest.fixture
def journal(redis_url: str) -> Iterator[BlockingJournal]:
    found = BlockingJournal(redis_url)
    yield found
    found.close()


@pytest.fixture
def cards(redis_url: str) -> Iterator[CardCommands]:
    with CardCommands(redis_url) as client:
        yield client


def _take(journal: BlockingJournal, command_id: str) -> ClaimStatus:
    return journal(claim(command_id, uuid4().hex, LEASE_MS)).status


def test_no_command_of_a_paused_lane_starts(cards: CardCommands, journal: BlockingJournal) -> None:
    """A paused lane's commands are accepted and wait; the other lane's start."""
    pause = journal(pause_lane(Lane.BULK, "Stripe maintenance"))
    assert pause is not None
    assert journal(paused_lanes()) == {Lane.BULK: pause}
    assert pause.reason == "Stripe maintenance"
    bulk = cards.set_default(customer="cus_1", card="card_1", lane="bulk")
    interactive = cards.set_default(customer="cus_2", card="card_1")
    assert _take(journal, bulk.id) is ClaimStatus.IDLE
    assert _take(journal, interactive.id) is ClaimStatus.GRANTED
    assert bulk.status().state is State.WAITING
    assert journal(sweep("w", limit=10, patience_ms=0)).paused == {Lane.BULK}


def test_pausing_again_keeps_the_first_reason(journal: BlockingJournal) -> None:
    """A second pause changes nothing, and answers the time and reason of the first."""
    first = journal(pause_lane(Lane.BULK, "first"))
    assert journal(pause_lane(Lane.BULK, "second")) == first


def test_held_customers_are_due_when_the_lane_is_resumed(
    cards: CardCommands, journal: BlockingJournal
) -> None:
    """Every customer whose message arrived during the pause is due after it."""
    journal(pause_lane(Lane.BULK, ""))
    sent = [cards.set_default(customer=f"cus_{n}", card="card_1", lane="bulk") for n in range(3)]
    for one in sent:
        _take(journal, one.id)
    assert journal(sweep("w", limit=10, patience_ms=60_000)).customers == []
    assert journal(resume_lane(Lane.BULK))
    assert not journal(resume_lane(Lane.BULK))
    due = journal(sweep("w", limit=10, patience_ms=60_000))
    assert sorted(due.customers) == ["cus_0", "cus_1", "cus_2"]
    assert due.paused == frozenset()
    for customer in due.customers:
        assert journal(claim_next(customer, uuid4().hex, LEASE_MS)).status is ClaimStatus.GRANTED


def test_a_customers_order_holds_through_a_pause(
    cards: CardCommands, journal: BlockingJournal
) -> None:
    """A later command of the other lane waits behind the customer's earlier, paused one."""
    earlier = cards.set_default(customer="cus_1", card="card_1", lane="bulk")
    journal(pause_lane(Lane.BULK, ""))
    _take(journal, earlier.id)
    later = cards.assign(customer="cus_1", source="tok_1")
    assert _take(journal, later.id) is ClaimStatus.IDLE
    cards.cancel(earlier.id)
    assert journal(claim_next("cus_1", uuid4().hex, LEASE_MS)).status is ClaimStatus.GRANTED


def test_unknown_commands_are_settled_during_a_pause(
    cards: CardCommands, journal: BlockingJournal
) -> None:
    """A pause starts nothing new, and does not leave a command unknown."""
    sent = cards.set_default(customer="cus_1", card="card_1", lane="bulk")
    taken = journal(claim(sent.id, uuid4().hex, LEASE_MS))
    assert taken.grant is not None
    journal(pause_lane(Lane.BULK, ""))
    assert journal(leased()) == 1
    journal(complete(taken.grant, UNCERTAIN, next_holder="", lease_ms=LEASE_MS))
    assert sent.status().state is State.UNKNOWN
    assert journal(leased()) == 0
    again = journal(claim_next("cus_1", uuid4().hex, LEASE_MS))
    assert again.grant is not None
    journal(complete(again.grant, DONE, next_holder="", lease_ms=LEASE_MS))
    assert sent.status().state is State.SUCCEEDED


def test_a_paused_lane_is_not_stuck(cards: CardCommands, journal: BlockingJournal) -> None:
    """A paused lane does not count as stuck."""
    cards.set_default(customer="cus_1", card="card_1", lane="bulk")
    while journal(stuck_for(Lane.BULK)) <= 0:
        pass  # the clock of Redis has milliseconds
    journal(pause_lane(Lane.BULK, ""))
    assert journal(stuck_for(Lane.BULK)) == 0


def test_an_export_has_everything_but_secrets(
    cards: CardCommands, journal: BlockingJournal
) -> None:
    """An export has row, result, customer and queue, but no token."""
    sent = cards.assign(customer="cus_1", source="tok_1SecretMarked", idempotency_key="k")
    journal(pause_lane(Lane.BULK, "why 4242 4242 4242 4242"))
    found = journal(export(sent.id))
    assert found is not None
    assert found["row"]["user"] == "cus_1"
    assert found["row"]["card"] == "tok_***"
    assert found["customer"]["unended"] == [sent.id]
    assert found["queueLength"] == 1
    assert "SecretMarked" not in str(found)
    assert "4242" not in str(found)
    assert journal(export("nobody")) is None
