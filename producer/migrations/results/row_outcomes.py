"""The rows of the input, each with what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from producer.contract import AssignCard, SetDefaultCard
from producer.contract.texts import Language
from producer.migrations.errors import SumsDiffer
from producer.migrations.input.columns.columns import Mapping as Columns
from producer.migrations.input.input_file import InputFile
from producer.migrations.input.rows.ids import command_id
from producer.migrations.input.rows.reader import open_rows
from producer.migrations.model.rows import BadRow, Repair, Row, RowResult, RowState
from producer.migrations.plan.database import Held
from producer.migrations.plan.plan import make_plan
from producer.migrations.plan.repairs import UNCHANGED
from producer.migrations.plan.unsent import told
from producer.migrations.results.details import Details, States
from producer.migrations.results.packed import SAME_CARD
from producer.migrations.results.results_file import Results
from producer.migrations.texts.reasons import Reason
from producer.migrations.texts.row_texts import in_language

# States whose name says the code where nothing else is known.
_SPEAKING = (RowState.SUPERSEDED, RowState.DRIFTED, RowState.CANCELLED, RowState.FAILED)
_NEVER_SENT = (
    RowState.PENDING,
    RowState.INVALID,
    RowState.CANCELLED,
    RowState.SKIPPED,
    RowState.AMBIGUOUS,
)
# States in which the plan may hold a row.
_HELD = (RowState.ALREADY_SO, RowState.SKIPPED, RowState.AMBIGUOUS)
_DONE = (RowState.APPLIED, RowState.ALREADY_SO)


@dataclass(frozen=True, slots=True)
class RowOutcomes:
    """Where a migration's rows are accounted for.

    `rows` and, where given, `counts` are the ledger's, against which a report is checked; `states`
    is the ledger itself. Where the migration still goes on, all three are of one moment.
    """

    migration: str
    source: InputFile
    mapping: Columns
    rows: int
    states: States
    results: Results
    details: Details = field(default_factory=dict)
    counts: Mapping[RowState, int] | None = None
    language: Language = "en"  # of what is said of single rows

    def __iter__(self) -> Iterator[tuple[Row | BadRow, RowResult]]:
        """Each row of the input, in its order, with what became of it.

        The state is the ledger's; what the results file has of it, and where that has nothing the
        details, say the rest.

        Raises:
            SumsDiffer: the input has other rows than the ledger.
        """
        recorded = iter(self.results)
        current = next(recorded, None)
        held = _HeldRows(self)
        number = 0
        for row in open_rows(self.source, self.mapping):
            number += 1
            if number > self.rows:
                raise SumsDiffer(self.rows, number, {(Reason.ROWS_AT_LEAST,): number})
            while current is not None and current.number < number:
                current = next(recorded, None)
            known = current if current is not None and current.number == number else None
            result = self._result(row, known, held)
            said = in_language(result.message, self.language)
            if said != result.message:
                result = replace(result, message=said)
            yield _repaired(row, result), result
        if number != self.rows:
            raise SumsDiffer(self.rows, number, {(Reason.ROWS_OF_THE_INPUT,): number})

    def _result(self, row: Row | BadRow, known: RowResult | None, held: _HeldRows) -> RowResult:
        state = self.states(row.number)
        if known is not None:
            if known.card_id == SAME_CARD:
                own = "" if isinstance(row, BadRow) else row.order.object_id
                known = replace(known, card_id=own)
            return known if known.state is state else replace(known, state=state)
        if isinstance(row, BadRow):
            return RowResult(row.number, state, row.code, row.what)
        detail = self.details.get(row.number)
        if detail is None and state in _HELD and (one := held.at(row.number)) is not None:
            card = _card(row) if state is RowState.ALREADY_SO else ""
            return RowResult(row.number, state, one.why.value, told(one, row), card_id=card)
        code = detail.code if detail else state.word if state in _SPEAKING else ""
        if state is RowState.ALREADY_SO and isinstance(row.order, Repair):
            code = UNCHANGED
        return RowResult(
            number=row.number,
            state=state,
            code=code,
            message=detail.message if detail else "",
            command_id="" if state in _NEVER_SENT else command_id(self.migration, row.number),
            card_id=_card(row) if state in _DONE else "",
        )


class _HeldRows:
    """Rows that the plan holds; made when first asked. To be asked in the rows' order."""

    def __init__(self, accounts: RowOutcomes) -> None:
        self._accounts = accounts
        self._rows: Iterator[Held] | None = None
        self._next: Held | None = None

    def at(self, number: int) -> Held | None:
        """That of the number; None where it holds none."""
        if self._rows is None:
            self._rows = self._found()
            self._next = next(self._rows, None)
        while self._next is not None and self._next.number < number:
            self._next = next(self._rows, None)
        found = self._next
        return found if found is not None and found.number == number else None

    def _found(self) -> Iterator[Held]:
        with make_plan(self._accounts.source, self._accounts.mapping) as plan:
            yield from plan.held_rows()


def _repaired(row: Row | BadRow, result: RowResult) -> Row | BadRow:
    """Of a repair, with the card that was found for it, where that is recorded."""
    if isinstance(row, BadRow) or not isinstance(row.order, Repair) or not result.card_id:
        return row
    return replace(row, order=SetDefaultCard(customer=row.order.customer, card=result.card_id))


def _card(row: Row) -> str:
    """The card's id where the row says it: that of a token is Stripe's to give."""
    order = row.order
    if isinstance(order, AssignCard) and order.source.startswith("tok_"):
        return ""
    return order.object_id
