"""Sends the file's rows as commands, for a driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from producer.client.sending import BATCH
from producer.journal import BlockingJournal, Call
from producer.journal.migrations import records as journalled
from producer.journal.migrations.records import Progress, RowCommand
from producer.migrations.input.rows.ids import command_id
from producer.migrations.model.rows import BadRow, Repair, Row, RowState
from producer.migrations.registry import Ledger
from producer.migrations.results.results_file import Results
from producer.migrations.run.repairer import Repairer
from producer.security.command_signatures import Signing
from producer.settings import Keeping

Rows = Callable[[int], Iterator[Row | BadRow]]
# Bulk messages sent to Redis in one round trip.
_BATCHES = 10


class Sender:
    """Sends the pending rows in order, and keeps those that the journal does not accept."""

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
        """`look_first` is for rows that name their card: repairs always read the customer."""
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
        # Not a generator: an exception during an outage would end it.
        self._pending = iter(self._next, None)
        self._ledger = Ledger(b"", 0)
        self._kept: list[RowCommand] = []
        self._repairer = Repairer(journal, migration, holder, results, keeping, signing)
        self.started = False
        self.exhausted = False
        self.sent = 0
        self.state = "running"
        self.in_flight = 0

    def start(self, rows: Rows | None, ledger: Ledger) -> None:
        """Open the rows at the first pending one."""
        self._ledger = ledger
        first = next(ledger.numbers(RowState.PENDING), None)
        if rows is None or first is None:
            self.exhausted = True
        else:
            self._rows = rows(first)
        self.started = True

    @property
    def done(self) -> bool:
        """Whether every row was sent or has ended."""
        return self.exhausted and not self._kept and self._repairer.idle

    @property
    def any_failed(self) -> bool:
        """Whether the last `send` found a row that Stripe rejects."""
        return self._repairer.any_failed

    def send(self, most: int) -> int:
        """Send at most `most` rows; return how many were accepted or ended without being sent.

        Sets `state` to the migration's state, or TAKEN_OVER. Raises JournalUnavailable.
        """
        most = min(most, BATCH * _BATCHES)
        ended = self._repair(most) if self._repairs else self._fill(most)
        self.sent += ended
        rows = self._kept[:most]
        if not rows:
            return ended
        self._results.sending(row.number for row in rows)
        batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
        answers = self._journal.many([self._call(batch) for batch in batches])
        accepted = 0
        for batch, answer in zip(batches, answers, strict=True):
            self.state, self.in_flight = answer.state, answer.in_flight
            if answer.state != "running":
                break
            accepted += len(batch)
        if accepted < len(rows):
            self._results.not_sent(row.number for row in rows[accepted:])
        self._kept = self._kept[accepted:]
        self.sent += accepted
        return accepted + ended

    def _fill(self, most: int) -> int:
        while len(self._kept) < most and (row := next(self._pending, None)) is not None:
            order = row.order
            if isinstance(order, Repair):
                raise TypeError("a repair among rows that name their card")
            ident = command_id(self._migration, row.number)
            self._kept.append(RowCommand(row.number, ident, order, row.expected_default))
        return 0

    def _repair(self, most: int) -> int:
        """Decide repairs for at most `most` rows; return how many ended without being sent."""
        room = most - len(self._kept)
        if room <= 0:
            return 0
        commands, ended = self._repairer.decide(self._pending, room)
        self._kept += commands
        self.state = self._repairer.state
        return ended

    def _call(self, batch: list[RowCommand]) -> Call[Progress]:
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
        """The next pending row."""
        for row in self._rows:
            if self._ledger(row.number) is not RowState.PENDING:
                continue
            if isinstance(row, BadRow):
                # It was good when another version of this program planned it.
                self._journal(journalled.void(self._migration, self._holder, row.number, row.code))
                continue
            return row
        self.exhausted = True
        return None
