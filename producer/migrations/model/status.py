"""The status of a migration according to the journal: for command line, HTTP and pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from producer.migrations.model.report_row import rfc3339
from producer.migrations.model.rows import RowState


class MigrationState(StrEnum):
    """The state of a migration."""

    RUNNING = "running"  # rows are sent while a driver runs
    PAUSED = "paused"  # by an operator; rows that were sent are finished
    CANCELLING = "cancelling"  # by an operator; rows that were sent are being finished
    STOPPED = "stopped"  # by --stop-after-failures; `resume` continues
    CANCELLED = "cancelled"  # ended: the unsent rows were cancelled
    FINISHED = "finished"  # ended: every row has an outcome

    @property
    def ended(self) -> bool:
        """Whether no more rows are sent."""
        return self in (MigrationState.CANCELLED, MigrationState.FINISHED)


@dataclass(frozen=True, slots=True)
class Sample:
    """The number of rows that had ended at one moment."""

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
    rate: float = 0.0  # rows ended a second, recently
    eta_s: float | None = None  # seconds to the end at that rate; None where unknown
    rps: float | None = None  # throttle: maximum rows sent a second
    by: str = ""  # the sender that entered it; "" where the sender has no name
    driver: str | None = None  # the holder of the driver lease; None without a driver
    codes: dict[str, int] = field(default_factory=dict)  # rows that were not applied, by code
    history: list[Sample] = field(default_factory=list)

    @property
    def ended_rows(self) -> int:
        """Rows whose state is settled."""
        return sum(count for state, count in self.counts.items() if state.settled)

    @property
    def untouched(self) -> bool:
        """Whether no row was sent, apart from rows that changed nothing."""
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
        """Whether it may be forgotten: it has ended, or is paused and untouched."""
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
