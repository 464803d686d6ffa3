"""The rows of the input, each with what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from producer.contract import SetDefaultCard
from producer.contract.messages import Language
from producer.migrations.columns import Mapping as Columns
from producer.migrations.details import Details, States
from producer.migrations.errors import SumsDiffer
from producer.migrations.ids import command_id
from producer.migrations.inputs import InputFile
from producer.migrations.packed_results import SAME_CARD
from producer.migrations.plan import make_plan
from producer.migrations.reader import open_rows
from producer.migrations.reasons import Reason
from producer.migrations.results import Results
from producer.migrations.row_texts import in_language
from producer.migrations.rows import BadRow, Row, RowResult, RowState

# States whose name says the code where nothing else is known.
_SPEAKING = (RowState.SUPERSEDED, RowState.DRIFTED, RowState.CANCELLED, RowState.FAILED)
_NEVER_SENT = (RowState.PENDING, RowState.INVALID, RowState.SKIPPED, RowState.CANCELLED)
_DONE = (RowState.APPLIED, RowState.ALREADY_SO)


@dataclass(frozen=True, slots=True)
class Accounts:
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
        repeated = _Repeated(self)
        number = 0
        for row in open_rows(self.source, self.mapping):
            number += 1
            if number > self.rows:
                raise SumsDiffer(self.rows, number, {(Reason.ROWS_AT_LEAST,): number})
            while current is not None and current.number < number:
                current = next(recorded, None)
            known = current if current is not None and current.number == number else None
            result = self._result(row, known, repeated)
            said = in_language(result.message, self.language)
            yield row, result if said == result.message else replace(result, message=said)
        if number != self.rows:
            raise SumsDiffer(self.rows, number, {(Reason.ROWS_OF_THE_INPUT,): number})

    def _result(self, row: Row | BadRow, known: RowResult | None, rep: _Repeated) -> RowResult:
        state = self.states(row.number)
        if known is not None:
            if known.card_id == SAME_CARD:
                own = "" if isinstance(row, BadRow) else row.order.object_id
                known = replace(known, card_id=own)
            return known if known.state is state else replace(known, state=state)
        if isinstance(row, BadRow):
            return RowResult(row.number, state, row.code, row.what)
        detail = self.details.get(row.number)
        if detail is None and state is RowState.ALREADY_SO and row.number in rep:
            return RowResult(row.number, state, "repeated_row", card_id=_card(row))
        code = detail.code if detail else state.word if state in _SPEAKING else ""
        return RowResult(
            number=row.number,
            state=state,
            code=code,
            message=detail.message if detail else "",
            command_id="" if state in _NEVER_SENT else command_id(self.migration, row.number),
            card_id=_card(row) if state in _DONE else "",
        )


class _Repeated:
    """Which rows are repetitions; found out when first asked. To be asked in the rows' order."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._numbers: Iterator[int] | None = None
        self._next: int | None = 0

    def __contains__(self, number: int) -> bool:
        if self._numbers is None:
            self._numbers = self._found()
        while self._next is not None and self._next < number:
            self._next = next(self._numbers, None)
        return self._next == number

    def _found(self) -> Iterator[int]:
        with make_plan(self._accounts.source, self._accounts.mapping) as plan:
            yield from plan.repeated_rows()


def _card(row: Row) -> str:
    """The card's id where the row says it: that of a token is Stripe's to give."""
    order = row.order
    known = isinstance(order, SetDefaultCard) or not order.source.startswith("tok_")
    return order.object_id if known else ""
