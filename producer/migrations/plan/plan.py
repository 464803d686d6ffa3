"""The plan of a migration: counts and costs before anything is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from collections.abc import Mapping as AnyMapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from producer.contract import CommandKind, Slot
from producer.migrations.input.card_data.card_columns import CardColumns
from producer.migrations.input.columns.columns import Mapping
from producer.migrations.input.input_file import InputFile
from producer.migrations.input.rows.ids import migration_id
from producer.migrations.input.rows.reader import open_rows
from producer.migrations.input.values.notes import RowNotes
from producer.migrations.model.conditions import Conditions
from producer.migrations.model.rows import BadRow, Row, RowState
from producer.migrations.plan import estimate
from producer.migrations.plan.card_choice import UnsentReason
from producer.migrations.plan.database import PlanDatabase, UnsentRow
from producer.migrations.plan.estimate import LIVE, TEST, Endpoint, Work

EXAMPLES = 3
_PROGRESS = 10_000


@dataclass(frozen=True, slots=True)
class Plan:
    """The counts of `to_send`, `invalid`, `unsent` and `skipped` cover all `rows`.

    Close it: it holds a temporary file.
    """

    id: str
    source: InputFile
    mapping: Mapping
    conditions: Conditions
    blind: bool
    rows: int
    commands: dict[CommandKind, int]  # rows to send, by command
    invalid: int
    unsent: dict[UnsentReason, int]  # correct rows that are not sent, by reason
    skipped: dict[str, int]  # correct rows that need no command, by code
    undecided: int  # customers whose card a person must choose
    contradicted: int  # customers with rows that set different defaults; the last one wins
    customers: int
    requests: dict[Endpoint, int]
    codes: dict[str, int]  # invalid rows by code
    slots: dict[Slot, int]  # rows to send, by the slot that they set
    notes: RowNotes
    checks: tuple[str, ...]  # columns of CVC check results, which are not used
    examples: dict[str, list[BadRow]]  # the first bad rows by code, skipped ones included
    _database: PlanDatabase = field(repr=False)

    @property
    def to_send(self) -> int:
        """The number of rows that a run sends."""
        return sum(self.commands.values())

    @property
    def repeated(self) -> int:
        """Rows that repeat the customer's row before."""
        return self.unsent.get(UnsentReason.REPEATED, 0)

    @property
    def ambiguous(self) -> dict[str, int]:
        """Rows whose card a person must choose, by code."""
        return _counted(self.unsent, RowState.AMBIGUOUS)

    @property
    def reads(self) -> int:
        """Requests that count against Stripe's reading allowance."""
        reading = (Endpoint.READ_CUSTOMER, Endpoint.READ_PAYMENT_METHODS)
        return sum(self.requests.get(endpoint, 0) for endpoint in reading)

    def not_sent(self) -> Iterator[tuple[int, RowState]]:
        """Numbers of rows that are not sent, in order, with their final state: for the ledger."""
        return self._database.not_sent()

    def rows_to_send(self) -> Iterator[Row]:
        """The rows that a run sends, in order; the file is read again."""
        not_sent = (number for number, _ in self.not_sent())
        skip = next(not_sent, None)
        for row in open_rows(self.source, self.mapping):
            if row.number == skip:
                skip = next(not_sent, None)
            elif isinstance(row, Row):
                yield row

    def bad_rows(self) -> Iterator[BadRow]:
        """All invalid and skipped rows, in order."""
        return self._database.bad_rows()

    def unsent_rows(self) -> Iterator[UnsentRow]:
        """Correct rows that are not sent, in order."""
        return self._database.unsent()

    def wire(self) -> dict[str, Any]:
        """For JSON; `seconds` are those of the requests alone, at Stripe's limits."""
        return {
            "migration": self.id,
            "file": self.source.name,
            "form": self.source.format.form.value,
            "format": self.source.format.wire(),
            "digest": self.source.digest,
            "mapping": self.mapping.fields,
            "repairs": self.mapping.repairs,
            "taken": [
                {"column": self.mapping.fields[field], "field": field}
                for field in self.mapping.taken
            ],
            "stripeObjects": bool(self.mapping.objects),
            "cvcCheckColumns": list(self.checks),
            "rows": self.rows,
            "toSend": self.to_send,
            "commands": {kind.value: count for kind, count in self.commands.items()},
            "invalid": self.invalid,
            "skipped": self.skipped,
            "repeated": self.repeated,
            "ambiguous": self.ambiguous,
            "undecidedCustomers": self.undecided,
            "trimmedValues": self.notes.trimmed,
            "customersWithBothDefaults": self.notes.both_defaults,
            "slots": {slot.value: count for slot, count in self.slots.items()},
            "customers": self.customers,
            "contradictedCustomers": self.contradicted,
            "codes": self.codes,
            "examples": {c: [asdict(one) for one in some] for c, some in self.examples.items()},
            "requests": {endpoint.value: count for endpoint, count in self.requests.items()},
            "keptBytes": estimate.kept_bytes(self.requests),
            "reads": self.reads,
            "readsNeedTransactions": estimate.transactions_for(self.reads),
            "seconds": {
                "live": estimate.seconds(self.requests, LIVE),
                "test": estimate.seconds(self.requests, TEST),
            },
        }

    def close(self) -> None:
        """Remove the temporary file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def make_plan(
    source: InputFile,
    mapping: Mapping,
    conditions: Conditions | None = None,
    *,
    blind: bool = False,
    on_progress: Callable[[int], object] | None = None,
) -> Plan:
    """Read and check the whole file in flat memory; `on_progress` receives the rows read so far.

    Raises:
        FileRefused: the file is truncated or holds card data.
        ExtraMissing: the file is Parquet, and pyarrow is not installed.
    """
    conditions = conditions or Conditions(only_if_default_is=mapping.expected)
    database = PlanDatabase()
    try:
        return _plan(source, mapping, conditions, blind, on_progress, database)
    except BaseException:
        database.close()
        raise


def _plan(
    source: InputFile,
    mapping: Mapping,
    conditions: Conditions,
    blind: bool,
    on_progress: Callable[[int], object] | None,
    database: PlanDatabase,
) -> Plan:
    cards = CardColumns(source.columns)
    work: Counter[Work] = Counter()
    notes = RowNotes()
    codes: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    examples: dict[str, list[BadRow]] = {}
    rows = 0
    for row in open_rows(source, mapping, cards=cards, notes=notes):
        rows += 1
        if isinstance(row, BadRow):
            (codes if row.state is RowState.INVALID else skipped)[row.code] += 1
            of_code = examples.setdefault(row.code, [])
            if len(of_code) < EXAMPLES:
                of_code.append(row)
            database.add_bad(row)
        else:
            work[database.add(row)] += 1
        if on_progress is not None and rows % _PROGRESS == 0:
            on_progress(rows)
    if source.kept is None:  # a copy has no other columns: they were checked when it was made
        cards.refuse()
    unsent = database.settle()
    sent = {kind: count - unsent.get(kind, 0) for kind, count in work.items()}
    commands = dict.fromkeys(CommandKind, 0)
    for kind, count in sent.items():
        commands[kind.command] += count
    slots = {
        Slot.DEFAULT_SOURCE: sent.get(Work.SET_SOURCE, 0),
        Slot.DEFAULT_PAYMENT_METHOD: sent.get(Work.SET_PAYMENT_METHOD, 0),
    }
    return Plan(
        id=migration_id(source, mapping, conditions),
        source=source,
        mapping=mapping,
        conditions=conditions,
        blind=blind,
        rows=rows,
        commands={command: count for command, count in commands.items() if count},
        invalid=codes.total(),
        unsent=dict(database.unsent_counts),
        skipped=dict(
            (skipped + Counter(_counted(database.unsent_counts, RowState.SKIPPED))).most_common()
        ),
        undecided=database.undecided,
        contradicted=database.contradicted,
        customers=database.customers,
        requests=estimate.requests(sent, blind=blind),
        codes=dict(codes.most_common()),
        slots={slot: count for slot, count in slots.items() if count},
        notes=notes,
        checks=tuple(cards.checks),
        examples=examples,
        _database=database,
    )


def _counted(unsent: AnyMapping[UnsentReason, int], state: RowState) -> dict[str, int]:
    return {reason.value: count for reason, count in unsent.items() if reason.state is state}
