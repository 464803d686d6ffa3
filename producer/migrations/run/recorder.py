"""Records ended commands in the results file and the ledger, for a driver."""

from __future__ import annotations

from collections.abc import Sequence

from producer.journal import BlockingJournal
from producer.journal.migrations import records as journalled
from producer.journal.migrations.records import EndedRow
from producer.migrations.model.rows import RowResult, RowState
from producer.migrations.results.frames import Recorded, packed
from producer.migrations.results.journal_results import catch_up
from producer.migrations.results.results_file import RecordedFrames, Results
from producer.migrations.results.row_ends import result_of, settled_of
from producer.settings import Keeping

PAGE = 500


class Recorder:
    """Records durably, then settles; if it is stopped in between, it repeats both."""

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
        """`repairs`: rows do not name the card that is set."""
        self._journal = journal
        self._migration = migration
        self._holder = holder
        self._results = results
        self._keeping = keeping
        self._repairs = repairs
        self._frames: RecordedFrames | None = None
        self._created = ""
        self.state = ""
        self.in_flight = 0
        self.recorded = 0

    def start(self, created: str) -> None:
        """Record what other machines have recorded; `created` is when the migration was entered.

        Raises:
            JournalUnavailable: the call may be repeated.
        """
        catch_up(self._journal, self._migration, self._results)
        self._created = created

    def record(self) -> tuple[int, bool]:
        """Record at most PAGE ended rows; return how many, and whether any was rejected or failed.

        Sets `state` to the migration's state, or TAKEN_OVER. Raises JournalUnavailable.
        """
        ended = self._journal(journalled.ended(self._migration, PAGE))
        if not ended:
            return 0, False
        results = [result_of(one) for one in ended]
        # Before the journal has the frame below: recording a row twice is harmless.
        self._results.record(results, frames=self._frames)
        settled = [settled_of(one, result) for one, result in zip(ended, results, strict=True)]
        frame = self._packed(ended, results)
        most = self._keeping.most
        answer = self._journal(
            journalled.settle(self._migration, self._holder, settled, frame, most)
        )
        self.state, self.in_flight = answer.state, answer.in_flight
        if answer.frames:
            self._frames = RecordedFrames(self._created, answer.frames)
        self.recorded += answer.count
        failures = (RowState.REJECTED, RowState.FAILED)
        return len(ended), any(result.state in failures for result in results)

    def _packed(self, ended: Sequence[EndedRow], results: Sequence[RowResult]) -> bytes:
        if not self._keeping.most:
            return b""
        pairs = zip(ended, results, strict=True)
        rows = [Recorded(result, "" if self._repairs else one.object_id) for one, result in pairs]
        return packed(sorted(rows, key=lambda row: row.result.number))
