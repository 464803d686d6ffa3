"""The rows of the input with their outcomes."""

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
from producer.migrations.plan.database import UnsentRow
from producer.migrations.plan.plan import make_plan
from producer.migrations.plan.repairs import UNCHANGED
from producer.migrations.plan.unsent_texts import unsent_text
from producer.migrations.results.details import Details, States
from producer.migrations.results.frames import SAME_CARD
from producer.migrations.results.results_file import Results
from producer.migrations.texts.reasons import Reason
from producer.migrations.texts.row_texts import in_language

# States whose name serves as the code where none is recorded.
_STATE_AS_CODE = (RowState.SUPERSEDED, RowState.DRIFTED, RowState.CANCELLED, RowState.FAILED)
_NEVER_SENT = (
    RowState.PENDING,
    RowState.INVALID,
    RowState.CANCELLED,
    RowState.SKIPPED,
    RowState.AMBIGUOUS,
)
# States that the plan gives to correct rows that are not sent.
_UNSENT = (RowState.ALREADY_SO, RowState.SKIPPED, RowState.AMBIGUOUS)
_DONE = (RowState.APPLIED, RowState.ALREADY_SO)


@dataclass(frozen=True, slots=True)
class RowOutcomes:
    """Combines a migration's input, ledger and results into one outcome for each row.

    A report is checked against the ledger's `rows` and, where given, `counts`; `states` is the
    ledger itself. While the migration runs, all three are of the same moment.
    """

    migration: str
    source: InputFile
    mapping: Columns
    rows: int
    states: States
    results: Results
    details: Details = field(default_factory=dict)
    counts: Mapping[RowState, int] | None = None
    language: Language = "en"  # of messages about single rows

    def __iter__(self) -> Iterator[tuple[Row | BadRow, RowResult]]:
        """Each row of the input, in its order, with its outcome.

        The state is the ledger's; the other fields come from the results file, or else from the
        details.

        Raises:
            SumsDiffer: input and ledger have different numbers of rows.
        """
        recorded = iter(self.results)
        current = next(recorded, None)
        unsent = _UnsentRows(self)
        number = 0
        for row in open_rows(self.source, self.mapping):
            number += 1
            if number > self.rows:
                raise SumsDiffer(self.rows, number, {(Reason.ROWS_AT_LEAST,): number})
            while current is not None and current.number < number:
                current = next(recorded, None)
            known = current if current is not None and current.number == number else None
            result = self._result(row, known, unsent)
            message = in_language(result.message, self.language)
            if message != result.message:
                result = replace(result, message=message)
            yield _repaired(row, result), result
        if number != self.rows:
            raise SumsDiffer(self.rows, number, {(Reason.ROWS_OF_THE_INPUT,): number})

    def _result(self, row: Row | BadRow, known: RowResult | None, unsent: _UnsentRows) -> RowResult:
        state = self.states(row.number)
        if known is not None:
            if known.card_id == SAME_CARD:
                own = "" if isinstance(row, BadRow) else row.order.object_id
                known = replace(known, card_id=own)
            return known if known.state is state else replace(known, state=state)
        if isinstance(row, BadRow):
            return RowResult(row.number, state, row.code, row.what)
        detail = self.details.get(row.number)
        if detail is None and state in _UNSENT and (found := unsent.at(row.number)) is not None:
            card = _card(row) if state is RowState.ALREADY_SO else ""
            message = unsent_text(found, row)
            return RowResult(row.number, state, found.reason.value, message, card_id=card)
        code = detail.code if detail else state.word if state in _STATE_AS_CODE else ""
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


class _UnsentRows:
    """Rows that the plan does not send; planned at the first lookup. Look up in row order."""

    def __init__(self, outcomes: RowOutcomes) -> None:
        self._outcomes = outcomes
        self._rows: Iterator[UnsentRow] | None = None
        self._next: UnsentRow | None = None

    def at(self, number: int) -> UnsentRow | None:
        """The unsent row with that number, or None."""
        if self._rows is None:
            self._rows = self._found()
            self._next = next(self._rows, None)
        while self._next is not None and self._next.number < number:
            self._next = next(self._rows, None)
        found = self._next
        return found if found is not None and found.number == number else None

    def _found(self) -> Iterator[UnsentRow]:
        with make_plan(self._outcomes.source, self._outcomes.mapping) as plan:
            yield from plan.unsent_rows()


def _repaired(row: Row | BadRow, result: RowResult) -> Row | BadRow:
    """A repair's row with the card that was set, where that is recorded."""
    if isinstance(row, BadRow) or not isinstance(row.order, Repair) or not result.card_id:
        return row
    return replace(row, order=SetDefaultCard(customer=row.order.customer, card=result.card_id))


def _card(row: Row) -> str:
    """The card's id where the row names it; Stripe assigns the id of a token's card."""
    order = row.order
    if isinstance(order, AssignCard) and order.source.startswith("tok_"):
        return ""
    return order.object_id
