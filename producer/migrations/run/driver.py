"""Drives a migration: sends rows in bounded windows and records their outcomes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from producer.contract import Lane
from producer.journal import JournalUnavailable
from producer.journal.migrations import records as journalled
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationState, MigrationStatus
from producer.migrations.registry import Registry, UnknownMigration
from producer.migrations.results.results_file import Results
from producer.migrations.run.cancel import cancel_rest
from producer.migrations.run.failures import Failures
from producer.migrations.run.history import History
from producer.migrations.run.lease import DriverLease, JournalGone
from producer.migrations.run.limiter_use import LimiterUse
from producer.migrations.run.lost_journal import bind_journal, loss_of
from producer.migrations.run.pace import MOST, Throttle, Window
from producer.migrations.run.recorder import PAGE, Recorder
from producer.migrations.run.sender import Rows, Sender

T = TypeVar("T")
# How often an idle driver polls, and how often it reports progress.
_POLL_S, _REPORT_S = 0.2, 1.0
# With a limit on failures, at most this many rows are in flight for each allowed failure.
_PER_FAILURE = 20


class Ended(StrEnum):
    """Why a driver returned."""

    FINISHED = "finished"  # every row has ended
    CANCELLED = "cancelled"
    STOPPED = "stopped"  # by --stop-after-failures
    LIMIT = "limit"  # the pilot's rows have ended
    STOPPED_BY_CALLER = "told"  # `stop` was called; run the migration again to continue
    TAKEN_OVER = "taken_over"  # another driver has the lease


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a driver. `limit` bounds the rows that it sends."""

    limit: int | None = None
    stop_after: int | None = None  # rejected and failed rows since the start or `resume`
    stop_after_percent: float | None = None  # their share of the rows that ended since
    blind: bool = False  # do not read the customer first
    skip_if_newer: bool = False
    repairs: bool = False  # rows are customers, whose cards are read from Stripe
    sender: str = ""  # the sender of the commands


@dataclass(frozen=True, slots=True)
class Progress:
    """A driver's progress, about once a second. `status` is None while Redis is unreachable."""

    status: MigrationStatus | None
    sent: int  # rows this driver has sent
    in_flight: int
    window: int
    limiter: float | None = None  # used share of the rate limit, 0 to 1
    oldest_interactive_s: float | None = None  # age of the oldest waiting interactive command


class Driver:
    """One run of one migration. `run` blocks; `stop` may be called by any thread or signal."""

    def __init__(
        self,
        registry: Registry,
        migration: str,
        rows: Rows | None,
        results: Results,
        options: Options = Options(),
        *,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> None:
        """`rows` returns the rows from a number on; None only finishes what was sent."""
        self._registry = registry
        self._journal = registry.journal
        self._results = results
        self._migration = migration
        self._rows = rows
        self._options = options
        self._on_progress = on_progress
        self._limiter_use = LimiterUse(self._journal)
        self._stopped = threading.Event()
        self._lease = DriverLease(self._journal, migration)
        self._recorder = Recorder(
            self._journal,
            migration,
            self._lease.holder,
            results,
            registry.keeping,
            repairs=options.repairs,
        )
        self._sender = Sender(
            self._journal,
            migration,
            self._lease.holder,
            look_first=not options.blind,
            skip_if_newer=options.skip_if_newer,
            sender=options.sender,
            results=results,
            keeping=registry.keeping,
            signing=registry.signing,
            repairs=options.repairs,
        )
        self._failures = Failures(options.stop_after, options.stop_after_percent)
        bound = MOST if options.stop_after is None else options.stop_after * _PER_FAILURE
        self._window = Window(min(MOST, bound))
        self._throttle = Throttle()
        self._in_flight = 0
        self._reported_at = 0.0
        self._cancelled = False
        self._had_ended = False

    def stop(self) -> None:
        """Make `run` return soon: it sends no more rows, but records those that ended."""
        self._stopped.set()

    def run(self) -> Ended:
        """Drive until the end or `stop`. Waits while Redis is unreachable.

        Raises:
            UnknownMigration: the migration was never created.
            FileRefused: the file has changed.
            JournalLost: Redis has lost the journal in which rows were sent.
            JournalUnavailable: CARDS_JOURNAL_ID names another journal than Redis has.
        """
        journal = self._through_outages(
            lambda: bind_journal(self._registry, self._results, self._migration)
        )
        try:
            if journal is None or not self._lease.acquire(journal, self._stopped.is_set):
                return Ended.STOPPED_BY_CALLER if self._stopped.is_set() else Ended.TAKEN_OVER
            try:
                return self._through_outages(self._drive_in_journal) or Ended.STOPPED_BY_CALLER
            finally:
                self._lease.release()
        except JournalGone as gone:
            loss = loss_of(self._results, self._migration, gone.found)
            raise loss or UnknownMigration(self._migration) from None

    def _through_outages(self, work: Callable[[], T]) -> T | None:
        """Repeat the work until Redis is reachable; None if `stop` was called meanwhile."""
        while True:
            try:
                return work()
            except JournalUnavailable as error:
                if error.other_data:
                    raise
                self._report(None)
                if self._stopped.wait(_POLL_S):
                    return None

    def _drive_in_journal(self) -> Ended:
        """As `_drive`. Raises JournalGone if a lost journal is why the migration is gone."""
        try:
            ended = self._drive()
        except UnknownMigration:
            self._lease.renew()
            raise
        if ended is Ended.TAKEN_OVER:
            self._lease.renew()
        return ended

    def _drive(self) -> Ended:
        """Send and record in turns. Raises JournalUnavailable; the caller calls again."""
        if not self._sender.started:
            self._recorder.start(self._lease.fields["created"])
            self._sender.start(self._rows, self._registry.states(self._migration))
            self._history = History(self._registry.history(self._migration))
            self._had_ended = self._state() in _ENDED
            self._in_flight = self._counted(RowState.SENT, RowState.UNKNOWN)
        while True:
            recorded = self._record()
            state = self._state()
            if self._lease.lost.is_set() or state is None:
                return Ended.TAKEN_OVER
            if self._stopped.is_set() and recorded < PAGE:
                return Ended.STOPPED_BY_CALLER
            sent = self._send() if state is MigrationState.RUNNING else 0
            if state is MigrationState.CANCELLING and not self._cancelled:
                cancel_rest(self._registry, self._migration)
                self._lease.renew()
                self._cancelled = True
            self._report_if_due()
            ended = self._end(state) if self._in_flight == 0 and not sent else None
            if ended is not None:
                self._take_sample(last=True)
                self._lease.renew()
                self._report_status()
                return ended
            if recorded < PAGE and not sent:
                self._stopped.wait(_POLL_S)

    def _record(self) -> int:
        recorded, any_failed = self._recorder.record()
        if recorded:
            self._in_flight = self._recorder.in_flight
        if any_failed:
            self._stop_after_failures()
        dry = self._in_flight == 0 and self._sender.sent > 0 and not self._sender.done
        self._window.ended(time.monotonic(), self._recorder.recorded, dry=dry)
        self._take_sample()
        return recorded

    def _stop_after_failures(self) -> None:
        if not self._failures.limited:
            return
        self._lease.renew()
        if self._failures.too_many(self._lease.fields) and self._state() is _RUNNING:
            self._registry.stop(self._migration)
            self._lease.renew()

    def _take_sample(self, *, last: bool = False) -> None:
        if self._had_ended:
            # The chart of an ended migration must not continue until now.
            return
        if last:
            self._lease.renew()
        total = self._counted(*(state for state in RowState if state.settled))
        changed = self._history.add(int(time.time() * 1000), total, last=last)
        self._lease.report(self._window.rate, self._history.samples if changed else None)

    def _send(self) -> int:
        most = self._window.size - self._in_flight
        if self._options.limit is not None:
            most = min(most, self._options.limit - self._sender.sent)
        rps = self._lease.fields.get("rps")
        allowed = self._throttle.allowed(time.monotonic(), float(rps) if rps else None)
        if allowed is not None:
            most = min(most, allowed)
        if most <= 0 or self._stopped.is_set():
            return 0
        sent = self._sender.send(most)
        if self._sender.any_failed:
            self._stop_after_failures()
        if sent:
            self._throttle.sent(sent)
            self._in_flight = self._sender.in_flight
        elif self._sender.state != _RUNNING:
            self._lease.renew()
        return sent

    def _end(self, state: MigrationState) -> Ended | None:
        """Why to return, now that nothing is in flight; None to continue."""
        if self._sender.done or state is MigrationState.CANCELLING:
            keep_ms = self._registry.keeping.ms
            state_now = self._journal(
                journalled.finish(self._migration, self._lease.holder, keep_ms)
            )
            if state_now == MigrationState.FINISHED:
                return Ended.FINISHED
            if state_now == MigrationState.CANCELLED:
                return Ended.CANCELLED
            if self._rows is None and state_now != MigrationState.CANCELLING:
                return Ended.STOPPED_BY_CALLER  # without rows, only sent rows had to be finished
        if state is MigrationState.STOPPED:
            return Ended.STOPPED
        limit = self._options.limit
        if limit is not None and self._sender.sent >= limit and state is MigrationState.RUNNING:
            return Ended.LIMIT
        return None

    def _state(self) -> MigrationState | None:
        """The migration's state; None if another driver has it."""
        if journalled.TAKEN_OVER in (self._sender.state, self._recorder.state):
            return None
        return MigrationState(self._lease.fields["state"])

    def _counted(self, *states: RowState) -> int:
        return sum(int(self._lease.fields.get(f"n{int(state)}", 0)) for state in states)

    def _report_if_due(self) -> None:
        if time.monotonic() - self._reported_at >= _REPORT_S:
            self._report_status()

    def _report_status(self) -> None:
        self._report(self._registry.status(self._migration))

    def _report(self, status: MigrationStatus | None) -> None:
        self._reported_at = time.monotonic()
        if self._on_progress is None:
            return
        oldest = limiter = None
        if status is not None:
            oldest = self._journal(journalled.oldest_waiting(Lane.INTERACTIVE))
            limiter = self._limiter_use()
        self._on_progress(
            Progress(status, self._sender.sent, self._in_flight, self._window.size, limiter, oldest)
        )


_RUNNING = MigrationState.RUNNING
_ENDED = (MigrationState.FINISHED, MigrationState.CANCELLED)
