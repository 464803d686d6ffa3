"""A holder that lost its lease writes nothing more for the customer, and leases are exclusive."""

from __future__ import annotations

from producer.contract import State
from producer.journal import ClaimingStopped, ClaimResult, ClaimStatus, complete, renew
from producer.journal.leases.grants import Grant
from tests.integration.journal.conftest import LEASE_MS, Bench

WINDOW_MS = 3_600_000


def test_holder_taken_over_cannot_complete(bench: Bench) -> None:
    """The outcome of a holder that was taken over is dropped, and it is granted nothing."""
    first, second = bench.accept_default("card_A"), bench.accept_default("card_B")
    late = bench.granted(second)
    bench.expire_lease()
    assert bench.resume().status is ClaimStatus.GRANTED
    assert bench.end(late, next_holder="late").status is ClaimStatus.LOST
    assert bench.state(first) is State.RUNNING
    assert bench.state(second) is State.WAITING


def test_holder_taken_over_cannot_renew(bench: Bench) -> None:
    """A renewal by a holder that was taken over answers that it is lost, and changes nothing."""
    command = bench.accept_default()
    late = bench.granted(command)
    bench.expire_lease()
    new = bench.resume().grant
    assert new is not None
    until = bench.redis.hget("cards:customer:cus_1", "until")
    assert bench.journal(renew([("cus_1", late.fence)], LEASE_MS * 2)) == [False]
    assert bench.redis.hget("cards:customer:cus_1", "until") == until
    assert bench.journal(renew([("cus_1", new.fence)], LEASE_MS * 2)) == [True]


def test_holder_taken_over_cannot_complete_an_ended_command(bench: Bench) -> None:
    """The former holder cannot complete an attempt after the new holder has ended the command."""
    command = bench.accept_default()
    late = bench.granted(command)
    bench.expire_lease()
    new = bench.resume().grant
    assert new is not None
    bench.end(new, State.REJECTED, next_holder="h")
    assert bench.end(late, State.SUCCEEDED).status is ClaimStatus.LOST
    assert bench.state(command) is State.REJECTED


def test_released_lease_cannot_be_renewed(bench: Bench) -> None:
    """A renewal that was under way when the attempt was completed does not restore the lease."""
    command = bench.accept_default()
    grant = bench.granted(command)
    bench.again(grant)
    assert bench.journal(renew([("cus_1", grant.fence)], LEASE_MS)) == [False]
    bench.make_due(command)
    assert bench.resume().status is ClaimStatus.GRANTED


def test_late_holder_that_was_not_taken_over_still_completes(bench: Bench) -> None:
    """The holder of an expired lease that nobody took over may still complete its attempt."""
    command = bench.accept_default()
    grant = bench.granted(command)
    bench.expire_lease()
    assert bench.end(grant).status is ClaimStatus.IDLE
    assert bench.state(command) is State.SUCCEEDED


def test_late_holder_that_was_not_taken_over_still_renews(bench: Bench) -> None:
    """A renewal restores an expired lease, as long as nobody took it over."""
    grant = bench.granted(bench.accept_default())
    bench.expire_lease()
    assert bench.journal(renew([("cus_1", grant.fence)], LEASE_MS)) == [True]
    assert bench.resume().status is ClaimStatus.BUSY


def test_expired_leases_are_counted(bench: Bench) -> None:
    """A takeover of a running attempt counts an expired lease; a completed attempt resets it."""
    command = bench.accept_default()
    grant = bench.granted(command)
    assert grant.expired_leases == 0
    for expired_leases in (1, 2):
        bench.expire_lease()
        taken = bench.resume().grant
        assert taken is not None
        assert taken.expired_leases == expired_leases
        grant = taken
    bench.again(grant)
    bench.make_due(command)
    after = bench.resume().grant
    assert after is not None
    assert after.expired_leases == 0


def test_attempt_taken_over_is_unsettled_under_the_same_key(bench: Bench) -> None:
    """The new holder sends the same key, so that a late request only repeats the answer."""
    command = bench.accept_default()
    key = bench.granted(command).key
    bench.expire_lease()
    grant = bench.resume().grant
    assert grant is not None
    assert grant.unsettled
    assert grant.key == key == command


def test_fencing_tokens_only_grow(bench: Bench) -> None:
    """Every grant has a higher token than all before it, of any customer."""
    grants = [bench.granted(bench.accept_default(customer=f"cus_{n}")) for n in (1, 2)]
    bench.expire_lease()
    taken = bench.resume().grant
    assert taken is not None
    fences = [int(grant.fence.partition(".")[0]) for grant in (*grants, taken)]
    assert fences == sorted(set(fences))


def _refused(bench: Bench, grant: Grant, *, next_holder: str = "") -> ClaimResult:
    outcome = ClaimingStopped(WINDOW_MS, "api_key_expired", "Expired API Key")
    return bench.journal(complete(grant, outcome, next_holder=next_holder, lease_ms=LEASE_MS))


def test_refused_key_stops_every_customer(bench: Bench) -> None:
    """After a 401 nothing is granted for any customer, and the command that met it is not ended."""
    first, other = bench.accept_default(), bench.accept_default(customer="cus_2")
    assert _refused(bench, bench.granted(first), next_holder="h").status is ClaimStatus.STOPPED
    assert bench.take(other).status is ClaimStatus.STOPPED
    assert bench.resume().status is ClaimStatus.STOPPED
    assert bench.state(first) is State.WAITING
    assert bench.state(other) is State.QUEUED


def test_one_attempt_in_a_window_checks_the_api_key(bench: Bench) -> None:
    """When the stop expires one command is granted, and the others wait for its outcome."""
    first, other = bench.accept_default(), bench.accept_default(customer="cus_2")
    _refused(bench, bench.granted(first))
    bench.redis.hset("cards:stop", "until", 1)
    probe = bench.granted(first)
    assert bench.take(other).status is ClaimStatus.STOPPED
    assert probe.attempt_number == 1
    _refused(bench, probe)
    assert bench.take(other).status is ClaimStatus.STOPPED


def test_success_ends_the_stop(bench: Bench) -> None:
    """The first command that Stripe answers ends the stop for all."""
    first, other = bench.accept_default(), bench.accept_default(customer="cus_2")
    _refused(bench, bench.granted(first))
    bench.redis.hset("cards:stop", "until", 1)
    bench.end(bench.granted(first))
    assert bench.granted(other).command_id == other


def test_refused_key_leaves_an_unsettled_command_first(bench: Bench) -> None:
    """An unsettled command stays first through a 401."""
    first, second = bench.accept_default("card_A"), bench.accept_default("card_B")
    bench.granted(first)
    bench.expire_lease()
    again = bench.resume().grant
    assert again is not None
    _refused(bench, again)
    assert bench.state(first) is State.UNKNOWN
    bench.redis.hset("cards:stop", "until", 1)
    grant = bench.granted(second)
    assert grant.command_id == first
    assert grant.unsettled


def test_life_of_a_key_restarts_if_nothing_was_executed(bench: Bench) -> None:
    """An attempt without effect leaves no key at Stripe that could expire."""
    command = bench.accept_default()
    grant = bench.granted(command)
    bench.redis.hset(f"cards:command:{command}", "sent", 1)
    bench.again(grant)
    bench.make_due(command)
    after = bench.resume().grant
    assert after is not None
    assert after.may_send


def test_life_of_a_key_continues_while_an_attempt_is_unsettled(bench: Bench) -> None:
    """A key is not sent later than 23 hours after an attempt that may have had an effect."""
    command = bench.accept_default()
    grant = bench.granted(command)
    bench.redis.hset(f"cards:command:{command}", "sent", 1)
    bench.again(grant, uncertain=True)
    bench.make_due(command)
    after = bench.resume().grant
    assert after is not None
    assert not after.may_send
