"""Migrations in the journal: the ledger stays consistent, also when calls are repeated."""

from __future__ import annotations

import pytest

from producer.contract import AssignCard, Envelope, SetDefaultCard, State
from producer.journal import accept, cancel, first_use
from producer.journal.migrations import records as journalled
from producer.journal.migrations.recorded import frames
from producer.journal.migrations.records import DriverLeaseState, OtherJournal, RowCommand
from producer.journal.operations.failed_commands import Kept, kept
from producer.migrations.input.rows.ids import command_id
from producer.migrations.model.rows import RowResult, RowState
from producer.migrations.model.status import MigrationState
from producer.migrations.registry import Ledger, NotInState, Registry, UnknownMigration
from producer.migrations.results.frames import Recorded, packed
from producer.migrations.results.row_ends import result_of, settled_of
from tests.integration.journal.conftest import LEASE_MS, Bench
from tests.integration.journal.moves import DRIVER, MIGRATION, ROWS, Moves


@pytest.fixture
def moves(bench: Bench) -> Moves:
    """A migration that is open, with its driver."""
    return Moves(bench)


def test_lua_knows_the_states() -> None:
    """The numbers in the scripts are those of RowState."""
    from producer.journal.redis.scripts import script

    text = script("migration_send").text
    assert (
        "local PENDING, SENT, APPLIED, SUPERSEDED, REJECTED, CANCELLED, FAILED = 0, 1, 2, 4, 6"
        in text
    )
    assert [int(RowState[name]) for name in ("PENDING", "SENT", "APPLIED", "SUPERSEDED")] == [
        0,
        1,
        2,
        4,
    ]
    assert [int(RowState[name]) for name in ("REJECTED", "CANCELLED", "FAILED")] == [6, 8, 9]
    others = script("migration_carry").text
    assert "local ALREADY_SO, INVALID, UNKNOWN, AMBIGUOUS, SKIPPED = 3, 7, 10, 11, 12" in others
    assert [int(RowState[name]) for name in ("ALREADY_SO", "INVALID")] == [3, 7]
    assert [int(RowState[name]) for name in ("UNKNOWN", "AMBIGUOUS", "SKIPPED")] == [10, 11, 12]


def test_rows_go_from_pending_to_applied(moves: Moves) -> None:
    """A row is sent, carried out, recorded and removed from the journal; the counts follow."""
    assert moves.check() == {RowState.PENDING: 5, RowState.INVALID: 1}
    assert moves.send(1, 2) == journalled.Progress("running", 2, 2)
    assert moves.check() == {RowState.PENDING: 3, RowState.SENT: 2, RowState.INVALID: 1}
    moves.end(1)
    moves.end(2, State.REJECTED)
    assert [one.number for one in moves.ended()] == [1, 2]
    assert moves.settle() == journalled.Progress("running", 2, 0)
    assert moves.check() == {
        RowState.PENDING: 3,
        RowState.APPLIED: 1,
        RowState.REJECTED: 1,
        RowState.INVALID: 1,
    }
    assert moves.ended() == []
    assert list(moves.bench.redis.scan_iter("cards:command:*")) == []
    assert list(moves.bench.redis.scan_iter("celery-task-meta-*")) == []
    assert moves.registry.details(MIGRATION)[2].code == "no"
    assert moves.registry.status(MIGRATION).codes == {"no": 1, "parameter_invalid": 1}


def test_a_sent_row_names_its_sender(moves: Moves) -> None:
    """A row's command has the name of the service that created the migration, if any."""
    moves.send(1, sender="finance")
    moves.send(2)
    assert [moves.take(number).row.get("sender") for number in (1, 2)] == ["finance", None]


def test_a_settled_row_is_not_sent_again(moves: Moves) -> None:
    """The ledger refuses a row whose command has left the journal."""
    moves.send(1)
    moves.end(1)
    moves.settle()
    assert moves.send(1).count == 0
    assert moves.states()[0] is RowState.APPLIED


def test_an_invalid_row_is_not_sent(moves: Moves) -> None:
    """A row that the plan found invalid is never sent."""
    assert moves.send(6).count == 0


def test_only_its_driver_sends_and_settles(moves: Moves) -> None:
    """A driver that lost the lease can neither send nor settle."""
    moves.send(1)
    moves.end(1)
    rows = [settled_of(one, result_of(one)) for one in moves.ended()]
    moves.bench.redis.hset(f"cards:migration:{MIGRATION}", "until", 1)
    moves.lease("host:2:b")
    assert moves.send(2).state == journalled.TAKEN_OVER
    told = moves.bench.journal(journalled.settle(MIGRATION, DRIVER, rows))
    assert told.state == journalled.TAKEN_OVER
    assert moves.states()[:2] == [RowState.SENT, RowState.PENDING]


def test_a_live_driver_keeps_the_lease(moves: Moves) -> None:
    """Another driver gets the migration only when the lease has expired, or by force."""
    held = moves.bench.journal(journalled.lease(MIGRATION, "host:2:b", LEASE_MS))
    assert isinstance(held, DriverLeaseState)
    assert (held.driver, held.mine) == (DRIVER, False)
    held = moves.bench.journal(journalled.lease(MIGRATION, "host:2:b", LEASE_MS, force=True))
    assert isinstance(held, DriverLeaseState)
    assert held.mine


def test_no_lease_in_another_journal(moves: Moves) -> None:
    """A driver takes and writes nothing in another journal than its own."""
    journal = moves.bench.journal
    known = journal(first_use())
    assert isinstance(
        journal(journalled.lease(MIGRATION, DRIVER, LEASE_MS, journal=known)), DriverLeaseState
    )
    until = moves.bench.redis.hget(f"cards:migration:{MIGRATION}", "until")
    strange = journalled.lease(MIGRATION, DRIVER, 9 * LEASE_MS, journal="f" * 32)
    assert journal(strange) == OtherJournal(known)
    assert moves.bench.redis.hget(f"cards:migration:{MIGRATION}", "until") == until
    moves.bench.redis.flushall()
    assert journal(strange) == OtherJournal(None)


def test_rows_are_carried_over_from_a_lost_journal(moves: Moves) -> None:
    """Pending rows are carried over once, with their codes, but not as new failures."""
    rows = [(1, int(RowState.APPLIED), "", ""), (2, int(RowState.REJECTED), "no_card", "why")]
    assert moves.bench.journal(journalled.carry(MIGRATION, rows)) == 2
    assert moves.bench.journal(journalled.carry(MIGRATION, rows)) == 0
    assert moves.states()[:2] == [RowState.APPLIED, RowState.REJECTED]
    (record,) = moves.bench.journal(journalled.records([MIGRATION]))
    assert record is not None
    assert record.codes == {"no_card": 1, "parameter_invalid": 1}
    assert (record.fields["base_failed"], record.fields["base_ended"]) == ("1", "3")
    assert moves.bench.journal(journalled.details(MIGRATION)) == {2: ("no_card", "why")}
    assert moves.bench.journal(journalled.carry("mig_nobody", rows)) == 0


def test_nothing_is_sent_while_paused(moves: Moves) -> None:
    """A pause refuses sending at once; resume allows it again."""
    moves.registry.pause(MIGRATION)
    assert moves.send(1) == journalled.Progress("paused", 0, 0)
    assert moves.registry.resume(MIGRATION).state is MigrationState.RUNNING
    assert moves.send(1).count == 1


def test_cancelling(moves: Moves) -> None:
    """Unsent rows are cancelled in ledger and queue; running ones are finished."""
    moves.send(1, 2)
    grant = moves.take(1)
    moves.registry.cancel(MIGRATION)
    assert moves.twice(journalled.cancel_pending(MIGRATION, 1, ROWS)) == 3
    ids = [command_id(MIGRATION, number) for number in (1, 2)]
    envelope = Envelope.no("cancelled", "cancelled")
    call = journalled.cancel_queued(MIGRATION, ids, envelope, keep_s=90_000)
    assert moves.bench.journal(call) == 1
    assert moves.bench.journal(call) == 0
    moves.settle()
    assert moves.states()[:3] == [RowState.SENT, RowState.CANCELLED, RowState.CANCELLED]
    assert moves.bench.journal(journalled.finish(MIGRATION, DRIVER)) == "cancelling"
    moves.bench.end(grant)
    moves.settle()
    assert moves.twice(journalled.finish(MIGRATION, DRIVER)) == "cancelled"
    assert moves.check() == {RowState.APPLIED: 1, RowState.CANCELLED: 4, RowState.INVALID: 1}


def test_a_command_cancelled_by_the_operator(moves: Moves) -> None:
    """`cards cancel` of a row's command is recorded as that row's end."""
    moves.send(1)
    envelope = Envelope.no("cancelled", "cancelled")
    moves.bench.journal(cancel(command_id(MIGRATION, 1), envelope, keep_s=90_000))
    moves.settle()
    assert moves.states()[0] is RowState.CANCELLED


def test_a_failed_row_is_kept_and_corrected_by_its_replay(moves: Moves) -> None:
    """A failed command stays for the operator; its replay's success corrects the ledger at once."""
    moves.send(1)
    grant = moves.take(1)
    moves.bench.end(grant, State.FAILED)
    moves.bench.redis.zadd("cards:failed", {grant.command_id: 1})
    moves.settle()
    assert moves.check()[RowState.FAILED] == 1
    assert moves.registry.status(MIGRATION).codes["no"] == 1
    (found,) = moves.bench.journal(kept([grant.command_id]))
    assert isinstance(found, Kept)
    assert moves.bench.journal(found.replayed("en", 90_000)) is State.QUEUED
    moves.end(1)
    assert moves.check()[RowState.APPLIED] == 1
    assert "no" not in moves.registry.status(MIGRATION).codes
    moves.settle()
    assert moves.check()[RowState.APPLIED] == 1
    assert moves.ended() == []


def test_a_late_settle_does_not_undo_a_replay(moves: Moves) -> None:
    """A record of the first end is refused once the command has ended again."""
    moves.send(1)
    moves.bench.end(moves.take(1), State.FAILED)
    late = [settled_of(one, result_of(one)) for one in moves.ended()]
    moves.bench.journal(journalled.settle(MIGRATION, DRIVER, late))
    (found,) = moves.bench.journal(kept([command_id(MIGRATION, 1)]))
    assert isinstance(found, Kept)
    moves.bench.journal(found.replayed("en", 90_000))
    moves.end(1)
    moves.bench.redis.hset(f"cards:command:{command_id(MIGRATION, 1)}", "finished", "2")
    assert moves.bench.journal(journalled.settle(MIGRATION, DRIVER, late)).count == 0
    assert moves.states()[0] is RowState.APPLIED


def test_terms_travel_with_the_command(moves: Moves) -> None:
    """The grant says whether to read first, the expected default, and whether it was set since."""
    moves.send(1, expected="", skip_if_newer=True)
    grant = moves.take(1)
    assert (grant.of_migration, grant.looks_first, grant.expected_default) == (True, True, "")
    assert not grant.newer
    assert not grant.checked
    call = journalled.note_before(grant.customer, grant.command_id, grant.fence, "card_0")
    assert moves.twice(call)
    assert not moves.bench.journal(
        journalled.note_before(grant.customer, grant.command_id, "0", "card_9")
    )
    moves.bench.expire_lease(grant.customer)
    again = moves.bench.resume(grant.customer).grant
    assert again is not None
    assert again.checked
    moves.bench.end(again)
    assert moves.ended()[0].before == "card_0"


def test_a_newer_default_is_detected(moves: Moves) -> None:
    """A default that others set after the migration's creation marks the command as newer."""
    order = SetDefaultCard(customer="cus_1", card="card_9")
    moves.bench.redis.hset(f"cards:migration:{MIGRATION}", "created", 1)
    moves.bench.journal(accept(order, command_id="other"))
    moves.bench.end(moves.bench.granted("other"))
    moves.send(1, 2, skip_if_newer=True)
    assert moves.take(1).newer
    assert not moves.take(2).newer


def test_another_migration_is_not_newer(moves: Moves) -> None:
    """Defaults set by a migration's own rows do not count as changes by others."""
    moves.bench.redis.hset(f"cards:migration:{MIGRATION}", "created", 1)
    moves.send(1, skip_if_newer=True)
    moves.end(1)
    assert list(moves.bench.redis.scan_iter("cards:set:*")) == []


def test_defaults_are_recorded_only_while_needed(moves: Moves) -> None:
    """Once no migration skips newer defaults, those that others set are not recorded."""
    moves.registry.cancel(MIGRATION)
    moves.bench.journal(journalled.cancel_pending(MIGRATION, 1, ROWS))
    assert moves.twice(journalled.finish(MIGRATION, DRIVER)) == "cancelled"
    order = SetDefaultCard(customer="cus_1", card="card_9")
    moves.bench.journal(accept(order, command_id="other"))
    moves.bench.end(moves.bench.granted("other"))
    assert list(moves.bench.redis.scan_iter("cards:set:*")) == []


def test_assigning_rows_have_no_terms(moves: Moves) -> None:
    """An AssignCard row has no terms."""
    order = AssignCard(customer="cus_1", source="tok_1")
    row = RowCommand(1, command_id(MIGRATION, 1), order)
    moves.twice(journalled.send(MIGRATION, DRIVER, [row], look_first=True, skip_if_newer=True))
    grant = moves.take(1)
    assert grant.of_migration
    assert not grant.looks_first


def test_impossible_actions_are_refused(moves: Moves) -> None:
    """A finished migration cannot be paused, resumed or cancelled; an unknown one is unknown."""
    moves.registry.cancel(MIGRATION)
    with pytest.raises(NotInState) as error:
        moves.registry.pause(MIGRATION)
    assert error.value.state is MigrationState.CANCELLING
    with pytest.raises(UnknownMigration):
        moves.registry.resume("mig_0")


def test_creation_may_be_interrupted(bench: Bench) -> None:
    """Until all unsent rows are entered nothing is sent, and nobody finds the migration."""
    bench.journal(journalled.create(MIGRATION, "a.csv", 3, "{}", 5.0))
    bench.journal(journalled.lease(MIGRATION, DRIVER, LEASE_MS))
    order = AssignCard(customer="cus_1", source="tok_1")
    rows = [RowCommand(1, command_id(MIGRATION, 1), order)]
    call = journalled.send(MIGRATION, DRIVER, rows, look_first=True, skip_if_newer=False)
    assert bench.journal(call).count == 0
    registry = Registry(bench.journal)
    assert registry.find(MIGRATION) is None
    bench.journal(journalled.open_(MIGRATION, {}))
    assert bench.journal(call).count == 1
    found = registry.find(MIGRATION)
    assert found is not None
    assert found.rps == 5.0
    assert [one.id for one in registry.list()] == [MIGRATION]


def test_a_pending_row_may_become_invalid(moves: Moves) -> None:
    """A pending row that can no longer be sent becomes invalid, once."""
    assert moves.twice(journalled.void(MIGRATION, DRIVER, 3, "parameter_invalid"))
    assert moves.check()[RowState.INVALID] == 2
    assert moves.registry.status(MIGRATION).codes == {"parameter_invalid": 2}


def test_rows_may_end_without_being_sent(moves: Moves) -> None:
    """A pending row ends once, with its code; an unchanged one counts under no code."""
    rows = [
        (1, int(RowState.AMBIGUOUS), "no_card", "the customer has no card"),
        (3, int(RowState.ALREADY_SO), "unchanged", ""),
    ]
    frame = packed([Recorded(RowResult(number, RowState(state))) for number, state, *_ in rows])
    told = moves.twice(journalled.end_unsent(MIGRATION, DRIVER, rows, frame, 1 << 20))
    assert (told.state, told.in_flight, told.frames) == ("running", 0, 1)
    assert moves.bench.journal(frames(MIGRATION, 0, 9)) == [frame]
    counts = moves.check()
    assert (counts[RowState.AMBIGUOUS], counts[RowState.ALREADY_SO]) == (1, 1)
    assert moves.registry.status(MIGRATION).codes["no_card"] == 1
    assert moves.registry.details(MIGRATION)[1].message == "the customer has no card"
    other = moves.bench.journal(journalled.end_unsent(MIGRATION, "another", rows))
    assert other.state == journalled.TAKEN_OVER
    moves.registry.pause(MIGRATION)
    paused = journalled.end_unsent(MIGRATION, DRIVER, [(4, int(RowState.AMBIGUOUS), "x", "")])
    assert (moves.bench.journal(paused).state, moves.check()[RowState.AMBIGUOUS]) == ("paused", 1)


def test_an_uncertain_row_is_unknown_until_it_ends(moves: Moves) -> None:
    """The ledger shows that a row may have taken effect, and its counts stay consistent."""
    moves.send(1)
    moves.bench.again(moves.take(1), uncertain=True)
    assert moves.check()[RowState.UNKNOWN] == 1
    assert moves.send(2).in_flight == 2
    assert moves.bench.journal(journalled.finish(MIGRATION, DRIVER)) == "running"
    moves.bench.make_due(command_id(MIGRATION, 1), "cus_1")
    grant = moves.bench.resume("cus_1").grant
    assert grant is not None
    moves.bench.again(grant)
    assert RowState.UNKNOWN not in moves.check()
    moves.bench.make_due(command_id(MIGRATION, 1), "cus_1")
    grant = moves.bench.resume("cus_1").grant
    assert grant is not None
    moves.bench.end(grant)
    moves.settle()
    assert moves.check()[RowState.APPLIED] == 1


def test_details_are_bounded(moves: Moves) -> None:
    """Beyond 20,000 rows that were not applied, only their codes are counted."""
    moves.bench.redis.hset(
        f"cards:migration-details:{MIGRATION}", mapping={str(n): "x y" for n in range(10, 20_010)}
    )
    moves.send(1)
    moves.end(1, State.REJECTED)
    moves.settle()
    assert 1 not in moves.registry.details(MIGRATION)
    assert moves.registry.status(MIGRATION).codes["no"] == 1


def test_a_ledger_is_read_by_half_bytes() -> None:
    """Rows are found by number and by state, also at an odd end."""
    ledger = Ledger(bytes([0x12, 0x30]), 3)
    assert [ledger(n) for n in (1, 2, 3)] == [RowState.SENT, RowState.APPLIED, RowState.ALREADY_SO]
    assert list(ledger.numbers(RowState.SENT, RowState.ALREADY_SO)) == [1, 3]
    assert list(ledger.numbers(RowState.PENDING)) == []
    with pytest.raises(IndexError):
        ledger(4)
