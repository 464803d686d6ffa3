"""The deciding half of a repair: reads customers at Stripe, and settles those that are left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from producer.contract import SetDefaultCard
from producer.journal import BlockingJournal
from producer.journal.migrations import records as journalled
from producer.journal.migrations.records import NO_DEFAULT, RowCommand
from producer.migrations.input.rows.ids import command_id
from producer.migrations.model.rows import Row, RowResult, RowState
from producer.migrations.plan.customer_reads import read_customers
from producer.migrations.plan.repairs import Left, decide
from producer.migrations.results.packed import Recorded, packed
from producer.migrations.results.results_file import Results
from producer.security.command_signatures import Signing
from producer.settings import Keeping

# Customers read before what was found is acted on: half a second's worth.
_TOGETHER = 16
# Between reads in vain, doubled up to the latter (s).
_WAIT_S, _LONGEST_WAIT_S = 1.0, 30.0
_MESSAGE = 200  # as the journal keeps it


class Decided(NamedTuple):
    """Rows to be sent, and how many ended without being sent."""

    commands: list[RowCommand]
    ended: int


class Repairer:
    """Keeps rows whose customer could not be read, and reads them again later."""

    def __init__(
        self,
        journal: BlockingJournal,
        migration: str,
        holder: str,
        results: Results,
        keeping: Keeping,
        signing: Signing,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._migration = migration
        self._holder = holder
        self._results = results
        self._keeping = keeping
        self._signing = signing
        self._now = now
        self._rows: list[Row] = []
        self._not_before = 0.0
        self._wait_s = _WAIT_S
        self.state = "running"
        self.in_vain = False

    @property
    def idle(self) -> bool:
        """Whether no row waits to be decided."""
        return not self._rows

    def decide(self, rows: Iterator[Row], most: int) -> Decided:
        """Read the customers of so many rows at most. Raises JournalUnavailable.

        `state` is then the migration's state, or TAKEN_OVER; `in_vain`: one was rejected.
        """
        self.in_vain = False
        if self._now() < self._not_before:
            return Decided([], 0)
        while len(self._rows) < min(most, _TOGETHER) and (row := next(rows, None)) is not None:
            self._rows.append(row)
        today = datetime.now(UTC).date()
        commands: list[RowCommand] = []
        left: list[tuple[Row, Left]] = []
        unread: list[Row] = []
        looked = self._rows[:most]
        customers = [row.order.customer for row in looked]
        reads = read_customers(self._journal, customers, signing=self._signing)
        for row, read in zip(looked, reads, strict=True):
            found = decide(read, today)
            if found is None:
                unread.append(row)
            elif isinstance(found, SetDefaultCard):
                ident = command_id(self._migration, row.number)
                commands.append(RowCommand(row.number, ident, found, NO_DEFAULT))
            else:
                left.append((row, found))
        ended = self._settle(left)
        if self.state != "running":
            return Decided([], 0)
        # Only now: where Redis was away meanwhile, all of them are decided again.
        self._rows = unread + self._rows[most:]
        self._back_off(bool(unread))
        return Decided(commands, ended)

    def _settle(self, left: list[tuple[Row, Left]]) -> int:
        """Record durably first, and enter into the ledger then, as a recorder does."""
        if not left:
            self.state = "running"
            return 0
        now = datetime.now(UTC)
        results = sorted(
            (
                RowResult(
                    row.number, one.state, one.code, one.message, card_id=one.card, finished_at=now
                )
                for row, one in left
            ),
            key=lambda result: result.number,
        )
        self._results.record(results)
        most = self._keeping.most
        frame = packed([Recorded(result) for result in results]) if most else b""
        ended = [(one.number, int(one.state), one.code, one.message[:_MESSAGE]) for one in results]
        told = self._journal(
            journalled.end_unsent(self._migration, self._holder, ended, frame, most)
        )
        self.state = told.state
        self.in_vain = any(one.state is RowState.REJECTED for _, one in left)
        return len(left)

    def _back_off(self, unread: bool) -> None:
        if not unread:
            self._wait_s = _WAIT_S
            return
        self._not_before = self._now() + self._wait_s
        self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S)
