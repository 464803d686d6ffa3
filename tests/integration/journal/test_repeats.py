"""Every call may be repeated, since a client may repeat one whose answer was lost."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from producer.contract import (
    AssignCard,
    CommandKind,
    Envelope,
    Lane,
    SetDefaultCard,
    State,
    parse_command,
)
from producer.contract.refusals import IdempotencyKeyReused
from producer.journal import (
    Call,
    ClaimingStopped,
    ClaimResult,
    ClaimStatus,
    End,
    Retry,
    accept,
    cancel,
    claim,
    claim_next,
    complete,
    refuse,
    replay,
    status,
    sweep,
)
from tests.integration.journal.conftest import LATER_MS, LEASE_MS, Bench

KEEP_S = 90_000
SUPERSEDED = Envelope.no("superseded", "a newer one was applied")


def _default(card: str = "card_A") -> AssignCard | SetDefaultCard:
    fields = {"userId": "cus_1", "default_source": card}
    return parse_command(CommandKind.SET_DEFAULT_CARD, fields)


def _replay(bench: Bench, command_id: str, card: str = "card_A") -> State | None:
    call = replay(command_id, _default(card), Lane.INTERACTIVE, SUPERSEDED, keep_s=KEEP_S)
    return bench.journal(call)


def _cancel(bench: Bench, command_id: str) -> State | None:
    return bench.journal(cancel(command_id, Envelope.no("cancelled", "cancelled"), keep_s=KEEP_S))


def _twice(bench: Bench, call: Call[ClaimResult]) -> ClaimResult:
    """Run it twice, and see that the second run changed nothing."""
    bench.journal(call)
    once = _dump(bench)
    answer = bench.journal(call)
    assert _dump(bench) == once
    return answer


def _dump(bench: Bench) -> dict[str, Any]:
    """Rows and leases; moments, which may differ by how long the repeat took, as `a moment`."""
    return {
        key: {
            name: "a moment" if len(value) == 13 else value
            for name, value in bench.redis.hgetall(key).items()
        }
        for key in bench.redis.scan_iter()
        if bench.redis.type(key) == "hash"
    }


def test_repeated_claim_answers_the_same_grant(bench: Bench) -> None:
    """A worker whose claim was not answered gets its grant by repeating it."""
    command = bench.accept_default()
    first = bench.journal(claim(command, "h", LEASE_MS)).grant
    second = bench.journal(claim(command, "h", LEASE_MS)).grant
    assert first is not None
    assert second is not None
    assert (second.command_id, second.fence) == (first.command_id, first.fence)
    assert second.attempt_number == 1
    assert second.expired_leases == 0


def test_repeated_claim_next_answers_the_same_grant(bench: Bench) -> None:
    """The same holds for claiming a due customer's next command."""
    command = bench.accept_default()
    bench.again(bench.granted(command))
    bench.make_due(command)
    first = bench.journal(claim_next("cus_1", "h", LEASE_MS)).grant
    second = bench.journal(claim_next("cus_1", "h", LEASE_MS)).grant
    assert first is not None
    assert second is not None
    assert second.fence == first.fence


def test_repeated_completion_answers_the_same_grant(bench: Bench) -> None:
    """With the same next holder, completing twice grants the customer's next command once."""
    first, second = bench.accept_default("card_A"), bench.accept_default("card_B")
    grant = bench.granted(second)
    one = bench.end(grant, next_holder="h").grant
    two = bench.end(grant, next_holder="h").grant
    assert one is not None
    assert two is not None
    assert one.command_id == two.command_id == second
    assert one.fence == two.fence
    assert two.attempt_number == 1
    assert bench.state(first) is State.SUCCEEDED


def test_repeated_completion_without_a_next_command_is_idle(bench: Bench) -> None:
    """A repeated completion is not mistaken for that of a holder that was taken over."""
    grant = bench.granted(bench.accept_default())
    assert bench.end(grant, next_holder="h").status is ClaimStatus.IDLE
    assert bench.end(grant, next_holder="h").status is ClaimStatus.IDLE


@pytest.mark.parametrize("next_holder", ["", "h"])
def test_repeated_uncertain_completion_counts_once(bench: Bench, next_holder: str) -> None:
    """An exception of the handler is counted once, however often it is written."""
    command = bench.accept_default()
    outcome = Retry(LATER_MS, True, "internal_error", "KeyError", count="faults")
    grant = bench.granted(command)
    call = complete(grant, outcome, next_holder=next_holder, lease_ms=LEASE_MS)
    assert _twice(bench, call).status is ClaimStatus.IDLE
    assert bench.redis.hget(f"cards:command:{command}", "faults") == "1"


def test_new_key_is_made_once(bench: Bench) -> None:
    """A completion that asks for a new key makes one, however often it is repeated."""
    command = bench.accept_default()
    grant = bench.granted(command)
    for _ in range(2):
        bench.again(grant, new_key=True)
    bench.make_due(command)
    after = bench.resume().grant
    assert after is not None
    assert after.key == f"{command}-2"


def test_repeated_stop_uncounts_one_attempt(bench: Bench) -> None:
    """A 401 does not count as an attempt, also for a command that stays first as unsettled."""
    command = bench.accept_default()
    bench.granted(command)
    bench.expire_lease()
    grant = bench.resume().grant
    assert grant is not None
    outcome = ClaimingStopped(LATER_MS, "api_key_expired", "Expired API Key")
    _twice(bench, complete(grant, outcome, next_holder="", lease_ms=LEASE_MS))
    assert bench.redis.hget(f"cards:command:{command}", "tries") == "1"


def test_repeated_accept_gives_one_command_and_one_message(bench: Bench) -> None:
    """A sender that repeats an acceptance whose answer was lost gets the same command."""
    command_id = str(uuid4())
    for _ in range(2):
        accepted = bench.journal(accept(_default(), command_id=command_id))
        assert accepted.id == command_id
        assert not accepted.known
    assert bench.redis.llen("interactive") == 1
    assert bench.redis.zcard("cards:pending:cus_1") == 1


def test_accept_repeated_after_the_end_changes_nothing(bench: Bench) -> None:
    """A very late repetition of an acceptance does not restart an ended command."""
    command_id = str(uuid4())
    bench.journal(accept(_default(), command_id=command_id))
    bench.end(bench.granted(command_id))
    assert bench.journal(accept(_default(), command_id=command_id)).id == command_id
    assert bench.state(command_id) is State.SUCCEEDED


def test_same_idempotency_key_is_the_same_command(bench: Bench) -> None:
    """A caller that repeats its request gets the first command's id, and nothing is queued."""
    first = bench.journal(accept(_default(), command_id=str(uuid4()), idempotency_key="k"))
    again = bench.journal(accept(_default(), command_id=str(uuid4()), idempotency_key="k"))
    assert again.id == first.id
    assert (first.known, again.known) == (False, True)
    assert bench.redis.llen("interactive") == 1


def test_same_idempotency_key_with_another_body_is_refused(bench: Bench) -> None:
    """An idempotency key cannot be used for a second command."""
    bench.journal(accept(_default("card_A"), command_id=str(uuid4()), idempotency_key="k"))
    with pytest.raises(IdempotencyKeyReused):
        bench.journal(accept(_default("card_B"), command_id=str(uuid4()), idempotency_key="k"))
    assert bench.redis.llen("interactive") == 1


def test_idempotency_key_lives_as_long_as_the_status(bench: Bench) -> None:
    """A key is known as long as its command's status, and at least 24 hours."""
    command_id = str(uuid4())
    bench.journal(accept(_default(), command_id=command_id, idempotency_key="k"))
    (key,) = bench.redis.scan_iter("cards:idempotency:*")
    assert bench.redis.pttl(key) > 7 * 24 * 3600 * 1000
    bench.end(bench.granted(command_id))
    row = f"cards:command:{command_id}"
    assert bench.redis.pexpiretime(key) >= bench.redis.pexpiretime(row)
    assert bench.redis.pttl(key) > 24 * 3600 * 1000


def test_idempotency_key_of_a_failed_command_is_kept_with_it(bench: Bench) -> None:
    """A failed command is kept for the operator, and so is its key."""
    command_id = str(uuid4())
    bench.journal(accept(_default(), command_id=command_id, idempotency_key="k"))
    _fail(bench, command_id)
    (key,) = bench.redis.scan_iter("cards:idempotency:*")
    assert bench.redis.pttl(key) == -1
    assert bench.redis.pttl(f"cards:command:{command_id}") == -1


def test_status_and_result_expire_together(bench: Bench) -> None:
    """Status and result of an end expire at the same time."""
    command = bench.accept_default()
    bench.end(bench.granted(command))
    row, result = f"cards:command:{command}", f"celery-task-meta-{command}"
    assert abs(bench.redis.pexpiretime(row) - bench.redis.pexpiretime(result)) <= 1
    assert bench.redis.pttl(row) > 0


def test_status_never_goes_back_under_a_late_duplicate(bench: Bench) -> None:
    """A message or completion that is repeated after the end changes nothing."""
    command = bench.accept_default()
    grant = bench.granted(command)
    bench.end(grant)
    ended = bench.journal(status(command))
    assert bench.take(command).status is ClaimStatus.ENDED
    bench.end(grant, State.REJECTED, next_holder="late")
    bench.again(grant, uncertain=True)
    assert bench.journal(status(command)) == ended


def test_command_received_as_a_bare_message_is_not_forgotten(bench: Bench) -> None:
    """If a worker dies between accepting a bare message and its claim, the sweep finds it."""
    command_id = str(uuid4())
    bench.journal(accept(_default(), command_id=command_id, message_received=True))
    bench.redis.hset(f"cards:command:{command_id}", "accepted", 1)
    assert bench.journal(sweep("w", limit=10, patience_ms=5_000)).commands == [command_id]


def test_repeated_cancel_answers_the_same(bench: Bench) -> None:
    """A cancelled command stays cancelled, however often the call is repeated."""
    command = bench.accept_default()
    assert _cancel(bench, command) is State.CANCELLED
    ended = bench.journal(status(command))
    assert _cancel(bench, command) is State.CANCELLED
    assert bench.journal(status(command)) == ended


def test_repeated_refusal_keeps_the_first(bench: Bench) -> None:
    """A bare message that fails validation is rejected once, and stays so."""
    command_id = str(uuid4())
    call = refuse(
        command_id,
        CommandKind.ASSIGN_CARD,
        "cus_1",
        Lane.INTERACTIVE,
        http_status=400,
        envelope=Envelope.no("parameter_missing", "source"),
        keep_s=KEEP_S,
    )
    assert bench.journal(call)
    assert not bench.journal(call)
    assert bench.state(command_id) is State.REJECTED


def _fail(bench: Bench, command_id: str) -> None:
    envelope = Envelope.no("internal_error", "gave up")
    kept_for_a_person = End(State.FAILED, 502, envelope, 0, SUPERSEDED)
    grant = bench.granted(command_id)
    bench.journal(complete(grant, kept_for_a_person, next_holder="", lease_ms=LEASE_MS))
    assert bench.state(command_id) is State.FAILED


def test_replay_looks_up_first_and_uses_a_new_key(bench: Bench) -> None:
    """A replayed command is looked up first, and sent under a key that Stripe has not seen."""
    command = bench.accept_default()
    _fail(bench, command)
    assert _replay(bench, command) is State.QUEUED
    grant = bench.granted(command)
    assert grant.look_up_first
    assert grant.key == f"{command}-2"
    assert grant.attempt_number == 1


def test_repeated_replay_queues_once(bench: Bench) -> None:
    """A repeated replay makes one message and one new key."""
    command = bench.accept_default()
    _fail(bench, command)
    before = bench.redis.llen("interactive")
    assert _replay(bench, command) is State.QUEUED
    assert _replay(bench, command) is State.QUEUED
    assert bench.redis.llen("interactive") == before + 1
    assert bench.granted(command).key == f"{command}-2"


def test_replay_of_what_did_not_fail_changes_nothing(bench: Bench) -> None:
    """Only a failed command can be replayed."""
    command = bench.accept_default()
    assert _replay(bench, command) is State.QUEUED
    bench.end(bench.granted(command))
    assert _replay(bench, command) is State.SUCCEEDED
    assert _replay(bench, str(uuid4())) is None


def test_replay_is_superseded_where_a_newer_default_was_applied(bench: Bench) -> None:
    """A replay never overwrites a newer default that was applied, however often it is repeated."""
    older, newer = bench.accept_default("card_A"), bench.accept_default("card_B")
    _fail(bench, older)
    bench.end(bench.granted(newer))
    assert _replay(bench, older) is State.SUPERSEDED
    assert _replay(bench, older) is State.SUPERSEDED
    found = bench.journal(status(older))
    assert found is not None
    assert found.superseded_by == newer


def test_replay_keeps_its_place_before_a_newer_default(bench: Bench) -> None:
    """A replay is attempted before a newer default that still waits."""
    older, newer = bench.accept_default("card_A"), bench.accept_default("card_B")
    _fail(bench, older)
    assert _replay(bench, older) is State.QUEUED
    assert bench.granted(newer).command_id == older


def test_replay_is_superseded_when_the_newer_one_is_applied_meanwhile(bench: Bench) -> None:
    """A replay that waits behind a newer default ends when that succeeds."""
    older, newer = bench.accept_default("card_A"), bench.accept_default("card_B")
    _fail(bench, older)
    grant = bench.granted(newer)
    assert _replay(bench, older) is State.QUEUED
    bench.end(grant)
    assert bench.state(older) is State.SUPERSEDED


def test_replay_is_not_superseded_by_an_older_default(bench: Bench) -> None:
    """A default that was applied before a command was accepted does not supersede it."""
    first, second = bench.accept_default("card_A"), bench.accept_default("card_B")
    _fail(bench, first)
    bench.end(bench.granted(second))
    third = bench.accept_default("card_C")
    _fail(bench, third)
    assert _replay(bench, third, "card_C") is State.QUEUED
    assert bench.granted(third).command_id == third


def test_replayed_command_cannot_be_cancelled(bench: Bench) -> None:
    """`cancelled` promises no effect, which is not known of a command that failed once."""
    command = bench.accept_default()
    _fail(bench, command)
    assert _replay(bench, command) is State.QUEUED
    assert _cancel(bench, command) is State.QUEUED
