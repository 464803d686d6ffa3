"""Reads customers from Stripe, decides their repair, and settles those that are left alone."""

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
from producer.migrations.plan.repairs import LeftAlone, decide
from producer.migrations.results.frames import Recorded, packed
from producer.migrations.results.results_file import Results
from producer.security.command_signatures import Signing
from producer.settings import Keeping

# Customers read before the first of them is repaired: half a second's worth.
_BATCH = 16
# Delays after failed reads: the first, doubled up to the longest (s).
_WAIT_S, _LONGEST_WAIT_S = 1.0, 30.0
_MESSAGE = 200  # characters of a message that the journal keeps


class Decisions(NamedTuple):
    """Rows to send, and the number of rows that ended without being sent."""

    commands: list[RowCommand]
    ended: int


class Repairer:
    """Keeps rows whose customer could not be read, and retries them later."""

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
        self.any_failed = False

    @property
    def idle(self) -> bool:
        """Whether no row waits for a decision."""
        return not self._rows

    def decide(self, rows: Iterator[Row], most: int) -> Decisions:
        """Read the customers of at most `most` rows. Raises JournalUnavailable.

        Sets `state` to the migration's state, or TAKEN_OVER, and `any_failed` if Stripe rejected
        one.
        """
        self.any_failed = False
        if self._now() < self._not_before:
            return Decisions([], 0)
        while len(self._rows) < min(most, _BATCH) and (row := next(rows, None)) is not None:
            self._rows.append(row)
        today = datetime.now(UTC).date()
        commands: list[RowCommand] = []
        left: list[tuple[Row, LeftAlone]] = []
        unread: list[Row] = []
        batch = self._rows[:most]
        customers = [row.order.customer for row in batch]
        reads = read_customers(self._journal, customers, signing=self._signing)
        for row, read in zip(batch, reads, strict=True):
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
            return Decisions([], 0)
        # Only now: if Redis was unreachable meanwhile, all of them are decided again.
        self._rows = unread + self._rows[most:]
        self._back_off(bool(unread))
        return Decisions(commands, ended)

    def _settle(self, left: list[tuple[Row, LeftAlone]]) -> int:
        """Record durably, then enter into the ledger, as a recorder does."""
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
        answer = self._journal(
            journalled.end_unsent(self._migration, self._holder, ended, frame, most)
        )
        self.state = answer.state
        self.any_failed = any(one.state is RowState.REJECTED for _, one in left)
        return len(left)

    def _back_off(self, unread: bool) -> None:
        if not unread:
            self._wait_s = _WAIT_S
            return
        self._not_before = self._now() + self._wait_s
        self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S)
