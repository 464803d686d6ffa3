"""The recording half of a driver: from ended commands to the results file and the ledger."""

from __future__ import annotations

from producer.journal import BlockingJournal
from producer.journal import migrations as journalled
from producer.migrations.results import Results
from producer.migrations.row_ends import result_of, settled_of
from producer.migrations.rows import RowState

PAGE = 500


class Recorder:
    """Records durably first and settles then: stopped in between, it does both again."""

    def __init__(
        self, journal: BlockingJournal, migration: str, holder: str, results: Results
    ) -> None:
        self._journal = journal
        self._migration = migration
        self._holder = holder
        self._results = results
        self.state = ""
        self.in_flight = 0
        self.recorded = 0

    def record(self) -> tuple[int, bool]:
        """Record what has ended, 500 rows at most: how many, and whether any was in vain.

        `state` is then the migration's state, or TAKEN_OVER. Raises JournalUnavailable.
        """
        ended = self._journal(journalled.ended(self._migration, PAGE))
        if not ended:
            return 0, False
        results = [result_of(one) for one in ended]
        self._results.record(results)
        settled = [settled_of(one, result) for one, result in zip(ended, results, strict=True)]
        told = self._journal(journalled.settle(self._migration, self._holder, settled))
        self.state, self.in_flight = told.state, told.in_flight
        self.recorded += told.count
        in_vain = (RowState.REJECTED, RowState.FAILED)
        return len(ended), any(one.state in in_vain for one in results)
