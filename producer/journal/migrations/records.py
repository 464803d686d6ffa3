"""Migrations in the journal: their records, their ledgers, and their commands.

The ledger has each row's state; the scripts that send and settle rows write it, so that counts
add up at any time. Row states are numbers here (`RowState` in `producer/migrations/model/rows.py`,
and `lua/lib/migration_rows.lua`).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from producer.contract import AssignCard, CommandKind, Envelope, Lane, SetDefaultCard, State
from producer.journal.commands.messages import batch_message
from producer.journal.commands.results import celery_result, envelope_of
from producer.journal.commands.signed_fields import Terms, sign_row
from producer.journal.migrations.recorded import RECORDED_KEPT_MS
from producer.journal.redis import keys
from producer.journal.redis.calls import Call, pairs_to_dict
from producer.security.command_signatures import UNSIGNED, Signing

log = logging.getLogger(__name__)

# The expected default of a row that demands a customer without any; "" means none in its own slot.
NO_DEFAULT = "-"
TAKEN_OVER = "taken_over"  # answered instead of a state where another driver has the lease
_CANCELLED_HTTP = 409
# Far longer than Stripe answers a repeated idempotency key with the first answer.
_REMEMBERED_MS = 30 * 86_400_000


@dataclass(frozen=True, slots=True)
class Record:
    """A migration's record in the journal. Times are ms since the epoch, by Redis' clock."""

    id: str
    fields: Mapping[str, str]
    codes: Mapping[str, int]
    now_ms: int

    @property
    def driver(self) -> str | None:
        """The driver that holds the lease now."""
        lives = int(self.fields.get("until", 0)) > self.now_ms
        return self.fields.get("driver") if lives else None

    @property
    def counts(self) -> dict[int, int]:
        """How many rows each state has; states without rows are left out."""
        named = {
            int(k[1:]): int(v) for k, v in self.fields.items() if k[0] == "n" and k[1:].isdigit()
        }
        return {state: count for state, count in sorted(named.items()) if count}


def create(
    migration: str,
    name: str,
    rows: int,
    about: str,
    rps: float | None,
    *,
    skip_if_newer: bool = False,
    life: str = "",
) -> Call[bool]:
    """Create a migration with all rows pending. False if there is one of that id.

    With `skip_if_newer` the journal records, until the migration ends, which defaults other
    commands set. `life` is the suffix of the rows' keys at Stripe, where a lost journal had one.
    """
    rate = "" if rps is None else f"{rps:g}"
    args: list[str | int] = [migration, name, rows, about, rate, int(skip_if_newer), life]
    return Call(bool, "migration_create", args, durable=True)


def enter(migration: str, states: Sequence[tuple[int, int]]) -> Call[bool]:
    """Set the states of rows that will not be sent. False if the migration is open already."""
    flat = [part for pair in states for part in pair]
    return Call(bool, "migration_enter", [migration, *flat], durable=True)


def carry(
    migration: str, rows: Sequence[tuple[int, int, str, str]], frame: bytes = b"", most: int = 0
) -> Call[int]:
    """Carry over number, state, code and message of rows that ended in a lost journal.

    Only rows that are pending here change; answers how many. `frame` and `most` are as in `settle`.
    """
    flat = [part for row in rows for part in row]
    args: list[str | int | bytes] = [migration, frame, most, *flat]
    return Call(int, "migration_carry", args, durable=True)


def open_(migration: str, codes: Mapping[str, int]) -> Call[bool]:
    """Open the migration for sending, once `enter` has every unsent row. False if it was open."""
    flat = [part for pair in codes.items() for part in pair]
    return Call(bool, "migration_open", [migration, *flat], durable=True)


@dataclass(frozen=True, slots=True)
class RowCommand:
    """A row to send. `expected` is the default that the customer must have; None for any.

    "" means none in the command's slot, NO_DEFAULT none in any slot.
    """

    number: int
    id: str
    command: AssignCard | SetDefaultCard
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The migration's state, or TAKEN_OVER, and how many rows were changed and are in flight.

    `frames` is how many frames of recorded rows there ever were, from `settle` and `end_unsent`.
    """

    state: str
    count: int
    in_flight: int
    frames: int = 0


def send(
    migration: str,
    driver: str,
    rows: Sequence[RowCommand],
    *,
    look_first: bool,
    skip_if_newer: bool,
    sender: str = "",
    signing: Signing = UNSIGNED,
) -> Call[Progress]:
    """Accept rows that are pending in the ledger, as commands of the bulk lane under one message.

    Sends nothing unless the migration is running and the driver holds its lease.
    """
    lane = Lane.BULK
    message = batch_message([row.id for row in rows], lane.value, signing=signing, sender=sender)
    args: list[str | int] = [migration, driver, lane.value, message]
    args += [int(look_first), int(skip_if_newer), sender]
    for row in rows:
        command = row.command
        slot = command.slot.value if isinstance(command, SetDefaultCard) else ""
        args += [row.number, row.id, command.kind.value, command.customer, command.object_id, slot]
        terms = _terms(migration, row, look_first=look_first, skip_if_newer=skip_if_newer)
        args += ["" if row.expected is None else f"={row.expected}"]
        args += [sign_row(signing, row.id, command, lane, sender=sender, terms=terms)]
    return Call(lambda answer: Progress(*answer), "migration_send", args, durable=True)


def _terms(migration: str, row: RowCommand, *, look_first: bool, skip_if_newer: bool) -> Terms:
    """The terms that the script writes into the row; the last three only for a SetDefaultCard."""
    terms = Terms(migration, str(row.number))
    if not isinstance(row.command, SetDefaultCard):
        return terms
    return terms._replace(
        first="1" if look_first else "",
        since="1" if skip_if_newer else "",
        expected="" if row.expected is None else f"={row.expected}",
    )


@dataclass(frozen=True, slots=True)
class EndedRow:
    """An ended command that is not recorded. `before`, the former default, is None if unread."""

    number: int
    id: str
    state: str
    attempts: int
    accepted_ms: str
    finished_ms: str
    before: str | None
    object_id: str
    is_default: bool  # a SetDefaultCard
    envelope: dict[str, Any]


def ended(migration: str, limit: int) -> Call[list[EndedRow]]:
    """Ended commands that are not recorded yet, by row number."""
    return Call(
        lambda answers: [_ended(*answer) for answer in answers],
        "migration_ended",
        [migration, limit],
    )


def _ended(command_id: str, number: str, row: Sequence[str], stored: str) -> EndedRow:
    state, tries, accepted, finished, before, kind, card = row
    try:
        envelope = envelope_of(stored) if stored else {}
        State(state)
        attempts, _ = int(tries or 0), [int(time or 0) for time in (accepted, finished)]
        if not isinstance(envelope, dict):
            raise TypeError("an envelope is an object")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        # Recorded like a lost one, so that the others can be recorded.
        log.error("the record of command %s is damaged: %s", command_id, type(error).__name__)
        state, attempts, envelope = "", 0, {}
    return EndedRow(
        number=int(float(number)),
        id=command_id,
        state=state,
        attempts=attempts,
        accepted_ms=accepted,
        finished_ms=finished,
        before=before[1:] if before.startswith("=") else None,
        object_id=card,
        is_default=kind == CommandKind.SET_DEFAULT_CARD,
        envelope=envelope,
    )


@dataclass(frozen=True, slots=True)
class Settled:
    """A row's end, as the ledger is to have it."""

    number: int
    id: str
    finished_ms: str
    state: int
    code: str
    message: str


def settle(
    migration: str, driver: str, rows: Sequence[Settled], frame: bytes = b"", most: int = 0
) -> Call[Progress]:
    """Write recorded rows into the ledger and remove their commands from the journal.

    A failed command stays for the operator. `frame` has the recorded rows, packed, for other
    machines; it is kept unless the migration's frames would then exceed `most` bytes. Changes
    nothing unless the driver holds the lease.
    """
    args: list[str | int | bytes] = [migration, driver, frame, most]
    for row in rows:
        args += [row.number, row.id, row.finished_ms, row.state, row.code, row.message]
    return Call(lambda answer: Progress(*answer), "migration_settle", args, durable=True)


def end_unsent(
    migration: str,
    driver: str,
    rows: Sequence[tuple[int, int, str, str]],
    frame: bytes = b"",
    most: int = 0,
) -> Call[Progress]:
    """End pending rows for which nothing is sent: number, state, code and message of each.

    `frame` and `most` are as in `settle`. Changes nothing unless the migration is running and the
    driver holds the lease.
    """
    flat = [part for row in rows for part in row]
    args: list[str | int | bytes] = [migration, driver, frame, most, *flat]
    return Call(lambda answer: Progress(*answer), "migration_end_unsent", args, durable=True)


def void(migration: str, driver: str, number: int, code: str) -> Call[bool]:
    """Mark a pending row that cannot be sent after all as invalid."""
    return Call(bool, "migration_void", [migration, driver, number, code], durable=True)


def cancel_pending(migration: str, first: int, last: int) -> Call[int]:
    """Cancel the pending rows of a cancelled migration; answers how many."""
    return Call(int, "migration_cancel_pending", [migration, first, last], durable=True)


def cancel_queued(
    migration: str, command_ids: Sequence[str], envelope: Envelope, *, keep_s: int
) -> Call[int]:
    """Cancel commands of a cancelled migration that were never sent to Stripe; answers how many."""
    result = celery_result("@ID@", envelope)
    args: list[str | int] = [migration, _CANCELLED_HTTP, result, keep_s * 1000]
    return Call(int, "migration_cancel_queued", [*args, *command_ids], durable=True)


def control(migration: str, action: str) -> Call[tuple[str, bool]]:
    """`pause`, `resume`, `stop` or `cancel`: the state after it, and whether it was possible.

    The state is "" if there is no such migration.
    """

    def parse(answer: Any) -> tuple[str, bool]:
        return str(answer[0]), bool(answer[1])

    return Call(parse, "migration_control", [migration, action], durable=True)


def throttle(migration: str, rps: float | None) -> Call[bool]:
    """Set how many rows a second are sent at most. False if there is no such migration."""
    return Call(
        bool, "migration_throttle", [migration, "" if rps is None else f"{rps:g}"], durable=True
    )


@dataclass(frozen=True, slots=True)
class DriverLeaseState:
    """The holder of the lease to drive a migration, and the migration's fields."""

    driver: str
    mine: bool
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OtherJournal:
    """This is not the journal of the migration; `found` is this journal's id, if it has one."""

    found: str | None


def lease(
    migration: str,
    driver: str,
    lease_ms: int,
    *,
    journal: str = "",
    force: bool = False,
    rate: float = 0.0,
    history: Sequence[tuple[int, int]] = (),
) -> Call[DriverLeaseState | OtherJournal | None]:
    """Take or renew the lease to drive; None if there is no such migration.

    If `journal` is given and this journal has another id, nothing is written.

    `history` holds (ms since the epoch, rows ended); empty leaves the stored one. `force` takes the
    lease from a driver that is known to be dead.
    """

    def parse(answer: Any) -> DriverLeaseState | OtherJournal | None:
        if not answer:
            return None
        if answer[1] == "elsewhere":
            return OtherJournal(answer[0] or None)
        return DriverLeaseState(answer[0], answer[1] == "1", pairs_to_dict(answer[2]))

    points = json.dumps(list(history), separators=(",", ":")) if history else ""
    args: list[str | int] = [migration, driver, lease_ms, int(force), f"{rate:.3f}", points]
    args.append(journal)
    return Call(parse, "migration_lease", args)


def release(migration: str, driver: str) -> Call[bool]:
    """Release the lease to drive."""
    return Call(bool, "migration_release", [migration, driver])


def finish(migration: str, driver: str, keep_ms: int = RECORDED_KEPT_MS) -> Call[str]:
    """Finish the migration if every row has ended; answers its state.

    Its recorded rows are kept for `keep_ms` from then on.
    """
    return Call(str, "migration_finish", [migration, driver, keep_ms], durable=True)


def forget(migration: str) -> Call[str]:
    """Remove a migration that has ended, or that is paused with nothing sent; then answers "".

    Otherwise answers its state.
    """
    return Call(str, "migration_forget", [migration, _REMEMBERED_MS], durable=True)


def forgotten(migration: str) -> Call[bool]:
    """Whether the migration was forgotten in the last 30 days."""
    return Call(
        lambda scores: scores[0] is not None, commands=[("ZSCORE", keys.FORGOTTEN, migration)]
    )


def ledger(migration: str, first: int, last: int) -> Call[bytes]:
    """The ledger's bytes from `first` to `last`: two rows in each, the earlier in the high bits."""
    return Call(bytes.fromhex, "migration_ledger", [migration, first, last])


def records(ids: Sequence[str]) -> Call[list[Record | None]]:
    """The records of migrations, in one transaction; None for an unknown one."""

    def parse(answers: Any) -> list[Record | None]:
        (seconds, microseconds), *found = answers
        now = int(seconds) * 1000 + int(microseconds) // 1000
        return [
            _record(migration, fields, codes, now)
            for migration, fields, codes in zip(ids, found[::2], found[1::2], strict=True)
        ]

    reads: list[tuple[str | int, ...]] = [("TIME",)]
    for migration in ids:
        reads += [("HGETALL", keys.migration(migration)), ("HGETALL", keys.codes(migration))]
    return Call(parse, commands=reads)


def _record(migration: str, fields: Any, codes: Any, now_ms: int) -> Record | None:
    if not fields:
        return None
    counted = {code: int(count) for code, count in _hash(codes).items() if int(count)}
    return Record(migration, _hash(fields), counted, now_ms)


def all_ids() -> Call[list[str]]:
    """Ids of all migrations, the newest first."""
    return Call(lambda ids: list(ids[0]), commands=[("ZREVRANGE", keys.MIGRATIONS, 0, -1)])


def details(migration: str) -> Call[dict[int, tuple[str, str]]]:
    """Code and message by row number, of the first 20,000 rows that were not applied."""

    def parse(answers: Any) -> dict[int, tuple[str, str]]:
        found = {}
        for number, text in _hash(answers[0]).items():
            code, _, message = text.partition(" ")
            found[int(number)] = code, message
        return found

    return Call(parse, commands=[("HGETALL", keys.details(migration))])


def note_before(customer: str, command_id: str, fence: str, default: str | None) -> Call[bool]:
    """Record that the customer was read, and its default before a command changes it.

    "" means no default, None an unknown one. False if the lease is lost.
    """
    before = "?" if default is None else f"={default}"
    return Call(bool, "note_former_default", [customer, command_id, fence, before], durable=True)


def oldest_waiting(lane: Lane) -> Call[float]:
    """How many seconds the oldest command of the lane has waited to be received."""
    return Call(lambda answer: int(answer) / 1000, "oldest_waiting", [lane.value])


def _hash(answer: Any) -> dict[str, str]:
    return answer if isinstance(answer, dict) else pairs_to_dict(answer)
