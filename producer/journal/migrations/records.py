"""Migrations in the journal: their records, their ledgers, and their commands.

The ledger says which rows were sent and how they ended; the scripts that send and settle rows
write it, so that counts add up at every moment. Row states are numbers here (`RowState` in
`producer/migrations/model/rows.py`, and `lua/ledger.lua`).
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
from producer.journal.commands.signed import Terms, sign_row
from producer.journal.migrations.recorded import RECORDED_KEPT_MS
from producer.journal.redis import keys
from producer.journal.redis.calls import Call, pairs_to_dict
from producer.security.command_signatures import UNSIGNED, Signing

log = logging.getLogger(__name__)

# The default that a row expects to find where no slot is to have one; "" is of its own slot.
NO_DEFAULT = "-"
TAKEN_OVER = "taken_over"  # answered for a state where another driver has the migration
_CANCELLED_HTTP = 409
# By far longer than Stripe answers a repeated idempotency key with the first answer.
_REMEMBERED_MS = 30 * 86_400_000


@dataclass(frozen=True, slots=True)
class Record:
    """A migration as the journal has it. Times are ms since the epoch, by Redis' clock."""

    id: str
    fields: Mapping[str, str]
    codes: Mapping[str, int]
    now_ms: int

    @property
    def driver(self) -> str | None:
        """Who drives it now."""
        lives = int(self.fields.get("until", 0)) > self.now_ms
        return self.fields.get("driver") if lives else None

    @property
    def counts(self) -> dict[int, int]:
        """Rows by state, where there are any."""
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
    """Enter a migration, all of its rows pending. False where there is one of that id.

    With `skip_if_newer` the journal notes, from now to its end, which defaults others set. `life`
    is what the rows' keys at Stripe end in, where a journal that was lost had it so.
    """
    rate = "" if rps is None else f"{rps:g}"
    args: list[str | int] = [migration, name, rows, about, rate, int(skip_if_newer), life]
    return Call(bool, "migration_create", args, durable=True)


def enter(migration: str, states: Sequence[tuple[int, int]]) -> Call[bool]:
    """Enter the states of rows that are not sent. False where it is open already."""
    flat = [part for pair in states for part in pair]
    return Call(bool, "migration_enter", [migration, *flat], durable=True)


def carry(
    migration: str, rows: Sequence[tuple[int, int, str, str]], frame: bytes = b"", most: int = 0
) -> Call[int]:
    """Enter number, state, code and message of rows that ended in a journal that was lost.

    Those alone that are pending here; answers how many. `frame` and `most` are those of `settle`.
    """
    flat = [part for row in rows for part in row]
    args: list[str | int | bytes] = [migration, frame, most, *flat]
    return Call(int, "migration_carry", args, durable=True)


def open_(migration: str, codes: Mapping[str, int]) -> Call[bool]:
    """Every row that is not sent was entered: sending may begin. False where it had."""
    flat = [part for pair in codes.items() for part in pair]
    return Call(bool, "migration_open", [migration, *flat], durable=True)


@dataclass(frozen=True, slots=True)
class RowCommand:
    """A row to be sent. `expected` is the default it is to find; None for any.

    "" is none in the command's slot, NO_DEFAULT none in any.
    """

    number: int
    id: str
    command: AssignCard | SetDefaultCard
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """The migration's state, or TAKEN_OVER, and how many rows were changed, are in flight.

    `frames` is how many there were of what is recorded of rows; told by `settle` and `end_unsent`.
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
) -> Call[Told]:
    """Accept rows that are pending in the ledger, as commands of the bulk lane under one message.

    Refused, and nothing is sent, unless the migration is running and the driver's.
    """
    lane = Lane.BULK
    message = batch_message([one.id for one in rows], lane.value, signing=signing, sender=sender)
    args: list[str | int] = [migration, driver, lane.value, message]
    args += [int(look_first), int(skip_if_newer), sender]
    for one in rows:
        order = one.command
        slot = order.slot.value if isinstance(order, SetDefaultCard) else ""
        args += [one.number, one.id, order.kind.value, order.customer, order.object_id, slot]
        terms = _terms(migration, one, look_first=look_first, skip_if_newer=skip_if_newer)
        args += ["" if one.expected is None else f"={one.expected}"]
        args += [sign_row(signing, one.id, order, lane, sender=sender, terms=terms)]
    return Call(lambda answer: Told(*answer), "migration_send", args, durable=True)


def _terms(migration: str, row: RowCommand, *, look_first: bool, skip_if_newer: bool) -> Terms:
    """What the script writes into the row: a card that is attached sets no default."""
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
    """A command that ended and is not recorded. `before` is None where it was not read."""

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
    """Commands that ended and are not recorded yet, by row number."""
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
        attempts, _ = int(tries or 0), [int(one or 0) for one in (accepted, finished)]
        if not isinstance(envelope, dict):
            raise TypeError("an envelope is an object")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        # Recorded like one that is lost, rather than keeping the others from being recorded.
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
    """How a row is entered into the ledger."""

    number: int
    id: str
    finished_ms: str
    state: int
    code: str
    message: str


def settle(
    migration: str, driver: str, rows: Sequence[Settled], frame: bytes = b"", most: int = 0
) -> Call[Told]:
    """Enter recorded rows into the ledger and take their commands out of the journal.

    A failed command stays for a person. `frame` is what was recorded, packed, for others to read;
    it is kept unless all of the migration's then have more than `most` bytes. Refused unless the
    migration is the driver's.
    """
    args: list[str | int | bytes] = [migration, driver, frame, most]
    for one in rows:
        args += [one.number, one.id, one.finished_ms, one.state, one.code, one.message]
    return Call(lambda answer: Told(*answer), "migration_settle", args, durable=True)


def end_unsent(
    migration: str,
    driver: str,
    rows: Sequence[tuple[int, int, str, str]],
    frame: bytes = b"",
    most: int = 0,
) -> Call[Told]:
    """Enter number, state, code and message of pending rows for which nothing is to be sent.

    `frame` and `most` are those of `settle`. Refused unless the migration is running and the
    driver's.
    """
    flat = [part for row in rows for part in row]
    args: list[str | int | bytes] = [migration, driver, frame, most, *flat]
    return Call(lambda answer: Told(*answer), "migration_end_unsent", args, durable=True)


def void(migration: str, driver: str, number: int, code: str) -> Call[bool]:
    """Enter as invalid a pending row that cannot be sent after all."""
    return Call(bool, "migration_void", [migration, driver, number, code], durable=True)


def cancel_pending(migration: str, first: int, last: int) -> Call[int]:
    """Cancel rows of a cancelled migration that were not sent; answers how many."""
    return Call(int, "migration_cancel_pending", [migration, first, last], durable=True)


def cancel_queued(
    migration: str, command_ids: Sequence[str], envelope: Envelope, *, keep_s: int
) -> Call[int]:
    """Cancel commands of a cancelled migration that Stripe never saw; answers how many."""
    result = celery_result("@ID@", envelope)
    args: list[str | int] = [migration, _CANCELLED_HTTP, result, keep_s * 1000]
    return Call(int, "migration_cancel_queued", [*args, *command_ids], durable=True)


def control(migration: str, what: str) -> Call[tuple[str, bool]]:
    """`pause`, `resume`, `stop` or `cancel`: the state then, and whether that was possible.

    The state is "" where there is no such migration.
    """
    return Call(
        lambda a: (str(a[0]), bool(a[1])), "migration_control", [migration, what], durable=True
    )


def throttle(migration: str, rps: float | None) -> Call[bool]:
    """Set how many rows a second are sent at most. False where there is no such migration."""
    return Call(
        bool, "migration_throttle", [migration, "" if rps is None else f"{rps:g}"], durable=True
    )


@dataclass(frozen=True, slots=True)
class Held:
    """Who has the lease to drive a migration, and the migration's fields."""

    driver: str
    mine: bool
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """This is not the journal in which a migration was begun; `found` is its id, if it has one."""

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
) -> Call[Held | Elsewhere | None]:
    """Take or keep the lease to drive; None where there is no such migration.

    Nothing is taken, nor written, where a journal's id is given and this one has another.

    `history` holds (ms since the epoch, rows ended); empty leaves what was told before. `force`
    takes the lease from a driver that is known to be dead.
    """

    def parse(answer: Any) -> Held | Elsewhere | None:
        if not answer:
            return None
        if answer[1] == "elsewhere":
            return Elsewhere(answer[0] or None)
        return Held(answer[0], answer[1] == "1", pairs_to_dict(answer[2]))

    told = json.dumps(list(history), separators=(",", ":")) if history else ""
    args: list[str | int] = [migration, driver, lease_ms, int(force), f"{rate:.3f}", told]
    args.append(journal)
    return Call(parse, "migration_lease", args)


def release(migration: str, driver: str) -> Call[bool]:
    """Give the lease to drive back."""
    return Call(bool, "migration_release", [migration, driver])


def finish(migration: str, driver: str, keep_ms: int = RECORDED_KEPT_MS) -> Call[str]:
    """End the migration if every row has; answers its state.

    What is recorded of its rows is kept for so many milliseconds from then on.
    """
    return Call(str, "migration_finish", [migration, driver, keep_ms], durable=True)


def forget(migration: str) -> Call[str]:
    """Remove all of a migration that has ended or was not begun; "" where it is gone.

    Else the state it is in.
    """
    return Call(str, "migration_forget", [migration, _REMEMBERED_MS], durable=True)


def forgotten(migration: str) -> Call[bool]:
    """Whether the migration was forgotten, in the last 30 days."""
    return Call(lambda a: a[0] is not None, commands=[("ZSCORE", keys.FORGOTTEN, migration)])


def ledger(migration: str, first: int, last: int) -> Call[bytes]:
    """The ledger's bytes from `first` to `last`, two rows in each, the earlier one above."""
    return Call(bytes.fromhex, "migration_ledger", [migration, first, last])


def records(ids: Sequence[str]) -> Call[list[Record | None]]:
    """Migrations, in one transaction; None for one that is not known."""

    def parse(answers: Any) -> list[Record | None]:
        (seconds, microseconds), *found = answers
        now = int(seconds) * 1000 + int(microseconds) // 1000
        return [
            _record(one, found[2 * place], found[2 * place + 1], now)
            for place, one in enumerate(ids)
        ]

    reads: list[tuple[str | int, ...]] = [("TIME",)]
    for one in ids:
        reads += [("HGETALL", keys.migration(one)), ("HGETALL", keys.codes(one))]
    return Call(parse, commands=reads)


def _record(migration: str, fields: Any, codes: Any, now_ms: int) -> Record | None:
    if not fields:
        return None
    counted = {code: int(count) for code, count in _hash(codes).items() if int(count)}
    return Record(migration, _hash(fields), counted, now_ms)


def all_ids() -> Call[list[str]]:
    """Ids of all migrations, the newest first."""
    return Call(lambda a: list(a[0]), commands=[("ZREVRANGE", keys.MIGRATIONS, 0, -1)])


def details(migration: str) -> Call[dict[int, tuple[str, str]]]:
    """Code and message by row number, of the first 20,000 rows that were not applied."""

    def parse(answers: Any) -> dict[int, tuple[str, str]]:
        found = {}
        for number, told in _hash(answers[0]).items():
            code, _, message = told.partition(" ")
            found[int(number)] = code, message
        return found

    return Call(parse, commands=[("HGETALL", keys.details(migration))])


def note_before(customer: str, command_id: str, fence: str, default: str | None) -> Call[bool]:
    """Note that all is as it is to be, and the default there is before a command changes it.

    "" is none, None is not known. False where the lease is lost.
    """
    noted = "?" if default is None else f"={default}"
    return Call(bool, "note_before", [customer, command_id, fence, noted], durable=True)


def oldest_waiting(lane: Lane) -> Call[float]:
    """For how many seconds the oldest command of the lane has waited to be received."""
    return Call(lambda answer: int(answer) / 1000, "oldest_waiting", [lane.value])


def _hash(answer: Any) -> dict[str, str]:
    return answer if isinstance(answer, dict) else pairs_to_dict(answer)
