"""The recording half of a driver: from ended commands to the results file and the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from producer.journal import BlockingJournal
from producer.journal.migrations import records as journalled
from producer.journal.migrations.records import EndedRow
from producer.migrations.model.rows import RowResult, RowState
from producer.migrations.results.packed import Recorded, packed
from producer.migrations.results.results_file import Known, Results
from producer.migrations.results.row_ends import result_of, settled_of
from producer.migrations.results.shared import catch_up
from producer.settings import Keeping

PAGE = 500


class Recorder:
    """Records durably first and settles then: stopped in between, it does both again."""

    def __init__(
        self,
        journal: BlockingJournal,
        migration: str,
        holder: str,
        results: Results,
        keeping: Keeping,
        *,
        repairs: bool = False,
    ) -> None:
        """`repairs`: rows do not name the cards that are set."""
        self._journal = journal
        self._migration = migration
        self._holder = holder
        self._results = results
        self._keeping = keeping
        self._repairs = repairs
        self._known: Known | None = None
        self._created = ""
        self.state = ""
        self.in_flight = 0
        self.recorded = 0

    def begin(self, created: str) -> None:
        """Record what others have recorded. Raises JournalUnavailable, to be called again.

        `created` is when the migration was entered.
        """
        catch_up(self._journal, self._migration, self._results)
        self._created = created

    def record(self) -> tuple[int, bool]:
        """Record what has ended, 500 rows at most: how many, and whether any was in vain.

        `state` is then the migration's state, or TAKEN_OVER. Raises JournalUnavailable.
        """
        ended = self._journal(journalled.ended(self._migration, PAGE))
        if not ended:
            return 0, False
        results = [result_of(one) for one in ended]
        # Without what is packed below: a row whose end is recorded twice is the same row.
        self._results.record(results, known=self._known)
        settled = [settled_of(one, result) for one, result in zip(ended, results, strict=True)]
        frame = self._packed(ended, results)
        most = self._keeping.most
        told = self._journal(journalled.settle(self._migration, self._holder, settled, frame, most))
        self.state, self.in_flight = told.state, told.in_flight
        if told.frames:
            self._known = Known(self._created, told.frames)
        self.recorded += told.count
        in_vain = (RowState.REJECTED, RowState.FAILED)
        return len(ended), any(one.state in in_vain for one in results)

    def _packed(self, ended: Sequence[EndedRow], results: Sequence[RowResult]) -> bytes:
        if not self._keeping.most:
            return b""
        pairs = zip(ended, results, strict=True)
        rows = [Recorded(result, "" if self._repairs else one.object_id) for one, result in pairs]
        return packed(sorted(rows, key=lambda row: row.result.number))
