"""The sending half of a driver: from the file's rows to commands in the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from producer.client.sending import BATCH
from producer.journal import BlockingJournal, Call
from producer.journal.migrations import records as journalled
from producer.journal.migrations.records import RowCommand, Told
from producer.migrations.input.rows.ids import command_id
from producer.migrations.model.rows import BadRow, Repair, Row, RowState
from producer.migrations.registry import Ledger
from producer.migrations.results.results_file import Results
from producer.migrations.run.repairer import Repairer
from producer.security.command_signatures import Signing
from producer.settings import Keeping

Rows = Callable[[int], Iterator[Row | BadRow]]
# Messages that go to Redis in one round trip.
_TOGETHER = 10


class Sender:
    """Sends the rows that are pending in the ledger, in order. What is not taken is kept."""

    def __init__(
        self,
        journal: BlockingJournal,
        migration: str,
        holder: str,
        *,
        look_first: bool,
        skip_if_newer: bool,
        sender: str,
        results: Results,
        keeping: Keeping,
        signing: Signing,
        repairs: bool = False,
    ) -> None:
        """`look_first` is of rows that say their card: a repair always looks."""
        self._journal = journal
        self._results = results
        self._migration = migration
        self._holder = holder
        self._look_first = look_first
        self._repairs = repairs
        self._skip_if_newer = skip_if_newer
        self._sender = sender
        self._signing = signing
        self._rows: Iterator[Row | BadRow] = iter(())
        # Not a generator, which an outage would end.
        self._pending = iter(self._next, None)
        self._ledger = Ledger(b"", 0)
        self._kept: list[RowCommand] = []
        self._repairer = Repairer(journal, migration, holder, results, keeping, signing)
        self.begun = False
        self.exhausted = False
        self.sent = 0
        self.state = "running"
        self.in_flight = 0

    def begin(self, rows: Rows | None, ledger: Ledger) -> None:
        """Read on from the first pending row."""
        self._ledger = ledger
        first = next(ledger.numbers(RowState.PENDING), None)
        if rows is None or first is None:
            self.exhausted = True
        else:
            self._rows = rows(first)
        self.begun = True

    @property
    def done(self) -> bool:
        """Whether every row was sent, or ended without that."""
        return self.exhausted and not self._kept and self._repairer.idle

    @property
    def in_vain(self) -> bool:
        """Whether a row was rejected by the last `send`, without being sent."""
        return self._repairer.in_vain

    def send(self, most: int) -> int:
        """Send so many rows at most; answers how many were taken, or ended without being sent.

        Raises JournalUnavailable. `state` is then the migration's state, or TAKEN_OVER.
        """
        most = min(most, BATCH * _TOGETHER)
        ended = self._repair(most) if self._repairs else self._fill(most)
        self.sent += ended
        going = self._kept[:most]
        if not going:
            return ended
        self._results.sending(row.number for row in going)
        batches = [going[start : start + BATCH] for start in range(0, len(going), BATCH)]
        told = self._journal.many([self._call(batch) for batch in batches])
        taken = 0
        for batch, one in zip(batches, told, strict=True):
            self.state, self.in_flight = one.state, one.in_flight
            if one.state != "running":
                break
            taken += len(batch)
        if taken < len(going):
            self._results.not_sent(row.number for row in going[taken:])
        self._kept = self._kept[taken:]
        self.sent += taken
        return taken + ended

    def _fill(self, most: int) -> int:
        while len(self._kept) < most and (row := next(self._pending, None)) is not None:
            order = row.order
            if isinstance(order, Repair):
                raise TypeError("a repair among rows that say their card")
            ident = command_id(self._migration, row.number)
            self._kept.append(RowCommand(row.number, ident, order, row.expected_default))
        return 0

    def _repair(self, most: int) -> int:
        """Find cards for as many customers; answers how many ended without being sent."""
        room = most - len(self._kept)
        if room <= 0:
            return 0
        commands, ended = self._repairer.decide(self._pending, room)
        self._kept += commands
        self.state = self._repairer.state
        return ended

    def _call(self, batch: list[RowCommand]) -> Call[Told]:
        return journalled.send(
            self._migration,
            self._holder,
            batch,
            look_first=self._look_first or self._repairs,
            skip_if_newer=self._skip_if_newer,
            sender=self._sender,
            signing=self._signing,
        )

    def _next(self) -> Row | None:
        """The next row that is pending."""
        for row in self._rows:
            if self._ledger(row.number) is not RowState.PENDING:
                continue
            if isinstance(row, BadRow):
                # Checked otherwise when it was planned, by another version of this program.
                self._journal(journalled.void(self._migration, self._holder, row.number, row.code))
                continue
            return row
        self.exhausted = True
        return None
