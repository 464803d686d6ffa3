"""A customer's commands are attempted one at a time, in the order of their acceptance."""

from __future__ import annotations

from uuid import uuid4

from producer.contract import Lane, State
from producer.journal import ClaimStatus, sweep
from tests.integration.journal.conftest import Bench


def test_earlier_command_goes_first_whichever_message_arrives_first(bench: Bench) -> None:
    """A message allows all commands up to its own, starting with the oldest."""
    first, second = bench.accept_default("card_A"), bench.accept_default("card_B")
    grant = bench.granted(second)
    assert grant.command_id == first
    assert bench.state(second) is State.WAITING
    following = bench.end(grant, next_holder="h2").grant
    assert following is not None
    assert following.command_id == second


def test_second_worker_finds_the_customer_busy(bench: Bench) -> None:
    """While a lease is held no other holder is granted a command of that customer."""
    first, second = bench.accept_default("card_A"), bench.accept_default("card_B")
    bench.granted(first)
    assert bench.take(second).status is ClaimStatus.BUSY
    assert bench.take(first).status is ClaimStatus.BUSY
    assert bench.resume().status is ClaimStatus.BUSY


def test_holder_continues_only_to_the_high_water_mark(bench: Bench) -> None:
    """A command whose message is still in its queue waits for that message."""
    first, second = bench.accept_default("card_A"), bench.accept_default("card_B")
    assert bench.end(bench.granted(first), next_holder="h").status is ClaimStatus.IDLE
    assert bench.state(second) is State.QUEUED
    assert bench.granted(second).command_id == second


def test_customers_do_not_block_each_other(bench: Bench) -> None:
    """Another customer's command is granted while the first one's lease is held."""
    first = bench.accept_default("card_A", "cus_1")
    other = bench.accept_default("card_B", "cus_2")
    bench.granted(first)
    assert bench.granted(other).command_id == other


def test_lanes_share_one_order(bench: Bench) -> None:
    """An interactive command lets the bulk command accepted before it be attempted first."""
    bulk = bench.accept_default("card_A", lane=Lane.BULK)
    interactive = bench.accept_default("card_B")
    assert bench.granted(interactive).command_id == bulk


def test_newer_default_passes_one_that_waits_for_a_retry(bench: Bench) -> None:
    """A SetDefaultCard that waits for a retry does not block a newer one of its slot."""
    older, newer = bench.accept_default("card_A"), bench.accept_default("card_B")
    bench.again(bench.granted(older))
    grant = bench.granted(newer)
    assert grant.command_id == newer
    bench.end(grant)
    assert bench.state(older) is State.SUPERSEDED
    assert bench.redis.hget(f"cards:command:{older}", "by") == newer


def test_older_default_continues_when_the_newer_is_rejected(bench: Bench) -> None:
    """Only an applied command supersedes."""
    older, newer = bench.accept_default("card_A"), bench.accept_default("card_B")
    bench.again(bench.granted(older))
    bench.end(bench.granted(newer), State.REJECTED)
    assert bench.state(older) is State.RETRYING
    bench.make_due(older)
    assert bench.resume().status is ClaimStatus.GRANTED


def test_other_slot_and_assign_do_not_pass(bench: Bench) -> None:
    """Only a SetDefaultCard of the same slot may pass a waiting retry."""
    older = bench.accept_default("card_A")
    other_slot, assign = bench.accept_default("pm_A"), bench.accept_assign()
    bench.again(bench.granted(older))
    assert bench.take(other_slot).status is ClaimStatus.IDLE
    assert bench.take(assign).status is ClaimStatus.IDLE
    assert bench.state(assign) is State.WAITING


def test_assign_between_two_defaults_keeps_their_order(bench: Bench) -> None:
    """A newer default never passes an assign that is older than itself."""
    older = bench.accept_default("card_A")
    assign, newer = bench.accept_assign(), bench.accept_default("card_B")
    bench.again(bench.granted(older))
    bench.take(assign)
    assert bench.take(newer).status is ClaimStatus.IDLE


def test_unknown_command_blocks_what_follows(bench: Bench) -> None:
    """Nothing passes an attempt with an unknown outcome, not even for the same slot."""
    older, newer = bench.accept_default("card_A"), bench.accept_default("card_B")
    bench.again(bench.granted(older), uncertain=True)
    assert bench.state(older) is State.UNKNOWN
    assert bench.take(newer).status is ClaimStatus.IDLE
    bench.make_due(older)
    taken = bench.resume()
    assert taken.grant is not None
    assert taken.grant.command_id == older
    assert taken.grant.unsettled


def test_crashed_newer_command_is_settled_before_the_older_retry(bench: Bench) -> None:
    """An older command is never attempted after a newer one that may have taken effect."""
    older, newer = bench.accept_default("card_A"), bench.accept_default("card_B")
    bench.again(bench.granted(older))
    bench.granted(newer)
    bench.make_due(older)
    bench.expire_lease()
    taken = bench.resume()
    assert taken.grant is not None
    assert taken.grant.command_id == newer
    assert taken.grant.unsettled
    assert taken.grant.expired_leases == 1


def test_lost_message_is_found_when_the_queue_is_empty(bench: Bench) -> None:
    """The sweep finds a command whose message was lost."""
    command = bench.accept_default()
    bench.redis.delete("interactive")
    bench.redis.hset(f"cards:command:{command}", "accepted", 1)
    assert bench.journal(sweep("w", limit=10, patience_ms=5_000)).commands == [command]


def test_lost_message_is_found_behind_a_long_queue(bench: Bench) -> None:
    """In a long queue a command is lost if later ones were received some time ago."""
    lost = bench.accept_default(customer="cus_1")
    later = bench.accept_default(customer="cus_2")
    still_queued = bench.accept_default(customer="cus_3")
    for command in (lost, later, still_queued):
        bench.redis.hset(f"cards:command:{command}", "accepted", 1)
    bench.granted(later)
    for _ in range(2):
        found = bench.journal(sweep("w", limit=10, patience_ms=0))
    assert found.commands == [lost]


def test_cancelled_command_does_not_block_the_next(bench: Bench) -> None:
    """A command that was not sent can be cancelled, and its message then has no effect."""
    from producer.contract import Envelope
    from producer.journal import cancel

    first, second = bench.accept_default("card_A"), bench.accept_default("card_B")
    envelope = Envelope.no("cancelled", "cancelled")
    assert bench.journal(cancel(first, envelope, keep_s=90_000)) is State.CANCELLED
    assert bench.take(first).status is ClaimStatus.ENDED
    assert bench.granted(second).command_id == second
    assert bench.journal(cancel(second, envelope, keep_s=90_000)) is State.RUNNING
    assert bench.journal(cancel(str(uuid4()), envelope, keep_s=90_000)) is None
