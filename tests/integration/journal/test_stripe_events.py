"""The effect of Stripe events on the journal: a command's next attempt is due now."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_DNS, uuid4, uuid5

import pytest

from producer.contract import State
from producer.contract.stripe_events import StripeEvent
from producer.journal import ClaimStatus
from producer.journal.commands.stripe_events import KEPT, ChangedBy, events_of, note_event
from producer.journal.redis import keys
from tests.integration.journal.conftest import Bench

DAY_S = 86_400
_EVENT = StripeEvent(
    id="evt_1",
    type="customer.updated",
    created=1_700_000_000,
    customer="cus_1",
    object="cus_1",
    request="req_1",
    defaults={"default_source": "card_A"},
)


def _told(bench: Bench, key: str, **fields: Any) -> str:
    return bench.journal(note_event(replace(_EVENT, key=key, **fields), keep_s=DAY_S))


def _row(bench: Bench, command_id: str) -> dict[str, str]:
    found: Any = bench.redis.hgetall(keys.command(command_id))
    return dict(found)


def test_an_unknown_command_is_due_now(bench: Bench) -> None:
    """The customer is due an hour early, and the next attempt has the same key."""
    command = bench.accept_default()
    bench.again(bench.granted(command), uncertain=True)
    assert bench.resume().status is ClaimStatus.IDLE
    assert _told(bench, command) == command
    assert bench.state(command) is State.UNKNOWN
    assert bench.redis.zscore(keys.DUE, "cus_1") == float(_row(bench, command)["due"])
    taken = bench.resume()
    assert taken.grant is not None
    assert (taken.grant.command_id, taken.grant.key) == (command, command)
    assert taken.grant.unsettled


def test_a_command_under_a_new_key_is_due_now(bench: Bench) -> None:
    """Only an event of the present key counts, not one of a former or later key."""
    command = bench.accept_default()
    bench.again(bench.granted(command), uncertain=True, new_key=True)
    for key in (command, f"{command}-1", f"{command}-3", f"{command}-2x"):
        assert _told(bench, key) == ""
    assert bench.resume().status is ClaimStatus.IDLE
    assert _told(bench, f"{command}-2") == command
    taken = bench.resume()
    assert taken.grant is not None
    assert taken.grant.key == f"{command}-2"


def test_a_retrying_command_is_due_now(bench: Bench) -> None:
    """If the command took effect after all, Stripe says so at the next attempt."""
    command = bench.accept_default()
    bench.again(bench.granted(command))
    assert _told(bench, command) == command
    assert bench.resume().status is ClaimStatus.GRANTED


def test_an_event_before_the_answer_shortens_one_wait(bench: Bench) -> None:
    """An event during the attempt skips the next wait as `unknown`, but only that one."""
    command = bench.accept_default()
    grant = bench.granted(command)
    before = _row(bench, command)
    assert _told(bench, command) == ""
    assert _row(bench, command) == {**before, "told": "1"}
    assert bench.again(grant, uncertain=True).status is ClaimStatus.IDLE
    taken = bench.resume()
    assert taken.grant is not None
    bench.again(taken.grant, uncertain=True)
    assert bench.resume().status is ClaimStatus.IDLE


@pytest.mark.parametrize("ends", [{}, {"new_key": True}])
def test_waits_without_uncertainty_stay(bench: Bench, ends: dict[str, Any]) -> None:
    """An earlier event does not shorten the wait for the rate limit or before a new key."""
    command = bench.accept_default()
    grant = bench.granted(command)
    _told(bench, command)
    bench.again(grant, uncertain=bool(ends), **ends)
    assert bench.resume().status is ClaimStatus.IDLE
    assert "told" not in _row(bench, command)


def test_others_are_left_alone(bench: Bench) -> None:
    """Queued, running and ended commands, and foreign keys, are not changed."""
    queued, other = bench.accept_default(), bench.accept_default(customer="cus_2")
    grant = bench.granted(other)
    before = _row(bench, queued)
    assert _told(bench, queued) == ""
    assert _row(bench, queued) == before
    assert _told(bench, other) == ""
    assert bench.resume("cus_2").status is ClaimStatus.BUSY
    bench.end(grant)
    ended = _row(bench, other)
    assert _told(bench, other) == ""
    assert _row(bench, other) == ended
    for key in ("", str(uuid4()), "-2", "x" * 255):
        assert _told(bench, key) == ""


def test_a_customers_lease_is_not_touched(bench: Bench) -> None:
    """A retry that a newer command has passed waits for its end, and then continues."""
    older = bench.accept_default("card_A")
    newer = bench.accept_default("card_B")
    bench.again(bench.granted(older))
    grant = bench.granted(newer)
    assert grant.command_id == newer
    assert _told(bench, older) == older
    assert bench.resume().status is ClaimStatus.BUSY
    bench.end(grant)
    assert (bench.state(newer), bench.state(older)) == (State.SUCCEEDED, State.SUPERSEDED)


def test_who_changed_it(bench: Bench) -> None:
    """The origin of a change is a known command, a migration's command, or elsewhere."""
    command = bench.accept_default()
    migrated, foreign = str(uuid5(NAMESPACE_DNS, "x")), str(uuid4())
    for number, key in enumerate(("", command, f"{migrated}-2", foreign), 1):
        _told(bench, key, id=f"evt_{number}", created=1_700_000_000 + number)
    found = bench.journal(events_of("cus_1"))
    assert [one.changed_by for one in found] == [
        ChangedBy.ELSEWHERE,
        ChangedBy.MIGRATION,
        ChangedBy.COMMAND,
        ChangedBy.ELSEWHERE,
    ]
    assert [one.command_id for one in found] == ["", "", command, ""]
    assert found[0].id == "evt_4"
    assert (found[0].type, found[0].object, found[0].request) == (
        "customer.updated",
        "cus_1",
        "req_1",
    )
    assert found[0].defaults == {"default_source": "card_A"}
    assert found[0].at.timestamp() == 1_700_000_004
    kept: Any = bench.redis.hgetall(keys.stripe_events("cus_1"))
    assert foreign not in json.dumps(kept)
    assert migrated not in json.dumps(kept)


def test_the_customer_is_the_commands(bench: Bench) -> None:
    """An event without a customer belongs to the command's; without a command it is not kept."""
    command = bench.accept_default(customer="cus_9")
    _told(bench, command, customer="")
    _told(bench, "", customer="", id="evt_2")
    assert [one.id for one in bench.journal(events_of("cus_9"))] == ["evt_1"]
    assert bench.redis.keys("cards:stripe-events:*") == ["cards:stripe-events:cus_9"]


def test_a_redelivered_event_changes_nothing(bench: Bench) -> None:
    """The same event is kept once, as first received; its TTL starts again."""
    command = bench.accept_default()
    _told(bench, command)
    key = keys.stripe_events("cus_1")
    first: Any = bench.redis.hgetall(key)
    bench.redis.delete(keys.command(command))
    bench.redis.pexpire(key, 1_000)
    _told(bench, command)
    assert bench.redis.hgetall(key) == first
    left: Any = bench.redis.pttl(key)
    assert 80_000_000 < left <= DAY_S * 1000


def test_the_newest_are_kept(bench: Bench) -> None:
    """The newest twenty are kept by their own time, in whichever order they arrive."""
    for number in [*range(30, 10, -1), *range(1, 11), *range(31, 36), 5]:
        _told(bench, "", id=f"evt_{number}", created=number)
    found = [one.id for one in bench.journal(events_of("cus_1"))]
    assert found == [f"evt_{number}" for number in range(35, 35 - KEPT, -1)]


def test_events_without_cards_are_not_kept(bench: Bench) -> None:
    """A change of address may settle a command, but is not kept."""
    command = bench.accept_default()
    bench.again(bench.granted(command), uncertain=True)
    assert _told(bench, command, defaults={}) == command
    assert bench.journal(events_of("cus_1")) == []


def test_damaged_events_are_left_out(bench: Bench) -> None:
    """A damaged event does not affect the others."""
    _told(bench, "")
    for number, text in enumerate(("", "x", "1 {", "x {}\n", "1 []\n", "9" * 30 + " {}\n")):
        bench.redis.hset(keys.stripe_events("cus_1"), f"evt_x{number}", text)
    assert [one.id for one in bench.journal(events_of("cus_1"))] == ["evt_1"]
