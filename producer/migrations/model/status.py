"""Where a migration stands, as the journal has it: for the command line, HTTP and the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from producer.migrations.model.report_row import rfc3339
from producer.migrations.model.rows import RowState


class MigrationState(StrEnum):
    """Where a migration stands."""

    RUNNING = "running"  # rows are sent, if a driver lives
    PAUSED = "paused"  # by a person; what was sent is finished
    CANCELLING = "cancelling"  # by a person; what was sent is being finished
    STOPPED = "stopped"  # by --stop-after-failures; `resume` goes on
    CANCELLED = "cancelled"  # ended: the rest was cancelled
    FINISHED = "finished"  # ended: every row has

    @property
    def ended(self) -> bool:
        """Whether nothing more is sent."""
        return self in (MigrationState.CANCELLED, MigrationState.FINISHED)


@dataclass(frozen=True, slots=True)
class Sample:
    """How many rows had ended at a moment; the history is thinned as it grows."""

    at: datetime
    ended: int


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """One migration. `counts` has every state that occurs and adds up to `rows`."""

    id: str
    name: str  # the file's
    state: MigrationState
    rows: int
    counts: dict[RowState, int]
    created_at: datetime
    finished_at: datetime | None = None
    rate: float = 0.0  # rows ended a second, lately
    eta_s: float | None = None  # seconds to the end at that rate; None where it is not known
    rps: float | None = None  # throttle: rows sent a second at most
    by: str = ""  # the sender that entered it; empty where it has no name
    driver: str | None = None  # who drives it now; None where nobody does
    codes: dict[str, int] = field(default_factory=dict)  # rows that were not applied, by code
    history: list[Sample] = field(default_factory=list)

    @property
    def ended_rows(self) -> int:
        """Rows to which nothing more happens by itself."""
        return sum(count for state, count in self.counts.items() if state.settled)

    @property
    def untouched(self) -> bool:
        """Whether nothing was sent yet that is known to have changed anything."""
        idle = (
            RowState.PENDING,
            RowState.INVALID,
            RowState.AMBIGUOUS,
            RowState.SKIPPED,
            RowState.ALREADY_SO,
        )
        return not any(count for state, count in self.counts.items() if state not in idle)

    @property
    def forgettable(self) -> bool:
        """Whether it may be forgotten: it has ended, or waits and nothing of it was sent."""
        return self.state.ended or (self.state is MigrationState.PAUSED and self.untouched)

    def wire(self) -> dict[str, Any]:
        """For programs. Rates in rows a second, times in seconds and RFC 3339."""
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state.value,
            "rows": self.rows,
            "counts": {state.word: self.counts.get(state, 0) for state in RowState},
            "codes": self.codes,
            "createdAt": rfc3339(self.created_at),
            "finishedAt": rfc3339(self.finished_at),
            "rate": round(self.rate, 3),
            "etaSeconds": None if self.eta_s is None else round(self.eta_s, 1),
            "rps": self.rps,
            "driver": self.driver,
            "by": self.by or None,
        }
