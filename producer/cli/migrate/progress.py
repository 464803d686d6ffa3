"""What `cards migrate run` prints while it runs, and at its end."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Any

import click

from producer.cli.exits import Exit
from producer.cli.migrate.plan_output import span
from producer.cli.migrate.status_output import counts_text, status_json
from producer.cli.output import show_json
from producer.migrations.errors import JournalLost
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationState, MigrationStatus
from producer.migrations.run.driver import Ended, Progress

# Without a terminal, a line is printed this often (s).
_LINE_S = 10.0
_WRONG = (
    RowState.SUPERSEDED,
    RowState.DRIFTED,
    RowState.REJECTED,
    RowState.INVALID,
    RowState.AMBIGUOUS,
    RowState.CANCELLED,
    RowState.FAILED,
)


class ProgressOutput:
    """Progress: one changing line on a terminal, plain lines elsewhere, JSON for programs."""

    def __init__(self, as_json: bool) -> None:
        self._json = as_json
        self._terminal = not as_json and sys.stdout.isatty()
        self._line_at: float | None = None
        self._state: MigrationState | None = None
        self._open = False

    def planned(self, rows: int) -> None:
        """Show how many rows were read while the file is checked."""
        if self._terminal:
            self._write(f"checking the file: {rows:,} rows read")

    def begins(self, status: MigrationStatus, created: bool) -> None:
        """Show that the migration is about to run."""
        if self._json:
            show_json({"event": "created" if created else "continued", **status_json(status)})
            return
        what = "migration" if created else "continuing"
        self.line(f"{what} {status.id}: {status.rows:,} rows of {status.name}")
        if status.state is MigrationState.PAUSED:
            self.line(f"it is paused: cards migrate resume {status.id}")

    def carried(self, loss: JournalLost, *, skips: bool) -> None:
        """Show what is known of rows that were sent in a journal that was lost.

        `skips` says that newer commands of customers are respected; those in the lost journal are
        unknown.
        """
        if self._json:
            show_json({"event": "carried", **loss.wire()})
            return
        self.line(f"{loss.recorded:,} rows had ended before Redis lost its data: not sent again")
        self.line(
            f"{loss.doubtful:,} rows were sent, or about to be, and are not recorded: sent again"
        )
        if skips:
            self.line("--skip-if-newer knows only commands sent from now on")

    def progress(self, at: Progress) -> None:
        """Show the driver's progress."""
        if self._json:
            show_json({"event": "progress", **_progress_json(at)})
            return
        state = at.status.state if at.status else None
        if self._terminal:
            self._write(_progress_text(at))
        elif self._line_at is None or state is not self._state or self._waited():
            self._line_at = time.monotonic()
            self.line(_progress_text(at))
        self._state = state

    def ends(self, status: MigrationStatus, ended: Ended) -> int:
        """Show why the run ended, and the sums; return the exit code."""
        wrong = sum(status.counts.get(state, 0) for state in _WRONG)
        open_ = status.rows - status.ended_rows
        if ended is Ended.TAKEN_OVER:
            code = Exit.NOT_ENDED
        else:
            code = Exit.NOT_ENDED if open_ else Exit.NOT_DONE if wrong else Exit.DONE
        if self._json:
            show_json({"event": "ended", "why": ended.value, **status_json(status)})
            return code
        self.line(f"{_WHY[ended]}: {counts_text(status)}")
        for one, count in sorted(status.codes.items(), key=lambda pair: -pair[1]):
            self.line(f"  {count:,} {one}")
        if wrong or open_:
            self.line(_next(status, ended))
        return code

    def line(self, text: str) -> None:
        """Print a line that stays."""
        if self._json:
            return
        if self._open:
            click.echo()
            self._open = False
        click.echo(text)

    def _write(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        click.echo(f"\r{text[:width]:<{width}}", nl=False)
        self._open = True

    def _waited(self) -> bool:
        return self._line_at is not None and time.monotonic() - self._line_at >= _LINE_S


_WHY = {
    Ended.FINISHED: "finished",
    Ended.CANCELLED: "cancelled",
    Ended.STOPPED: "stopped after failures",
    Ended.LIMIT: "the pilot has ended",
    Ended.STOPPED_BY_CALLER: "stopped",
    Ended.TAKEN_OVER: "another driver runs it",
}


def _next(status: MigrationStatus, ended: Ended) -> str:
    if ended is Ended.STOPPED:
        return (
            f"see: cards migrate report {status.id}; to continue: cards migrate resume {status.id}"
        )
    if ended is Ended.TAKEN_OVER:
        return f"see: cards migrate status {status.id}"
    if ended is Ended.LIMIT:
        return "run it again without --limit for the rest"
    return f"rows and what to do: cards migrate report {status.id} --errors errors.csv"


def _progress_text(at: Progress) -> str:
    status = at.status
    if status is None:
        return "waiting for Redis"
    parts = [f"{status.ended_rows:,}/{status.rows:,}"]
    if status.state is not MigrationState.RUNNING:
        parts.append(status.state.value)
    parts.append(f"{status.rate:,.1f}/s")
    if status.eta_s is not None:
        parts.append(f"{span(status.eta_s)} left")
    if status.rps is not None:
        parts.append(f"at most {status.rps:g}/s")
    if at.limiter is not None:
        parts.append(f"limit {at.limiter:.0%} used")
    parts.append(counts_text(status))
    if at.oldest_interactive_s:
        parts.append(f"oldest interactive waits {at.oldest_interactive_s:.1f} s")
    return " · ".join(parts)


def _progress_json(at: Progress) -> dict[str, Any]:
    status = status_json(at.status) if at.status else {"redis": "unavailable"}
    return {
        **status,
        "sent": at.sent,
        "inFlight": at.in_flight,
        "window": at.window,
        "limiter": at.limiter,
        "oldestInteractiveSeconds": at.oldest_interactive_s,
    }
