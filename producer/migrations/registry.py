"""The migrations that the journal knows, and what a person does to them from anywhere."""

from __future__ import annotations

from dataclasses import dataclass

from producer.journal import BlockingJournal
from producer.migrations.errors import MigrationError
from producer.migrations.plan import Plan
from producer.migrations.rows import RowState
from producer.migrations.status import MigrationState, MigrationStatus


class UnknownMigration(MigrationError):
    """The journal knows no migration of that id."""

    code = "migration_not_found"

    def __init__(self, migration: str) -> None:
        self.migration = migration
        super().__init__(f"no migration {migration}: `cards migrate list` shows those there are")


class NotInState(MigrationError):
    """What was asked for is not possible in the state the migration is in."""

    code = "migration_state"

    def __init__(self, migration: str, wanted: str, state: MigrationState) -> None:
        self.migration = migration
        self.wanted = wanted
        self.state = state
        super().__init__(f"{migration} is {state.value}: it cannot {wanted}")


@dataclass(frozen=True, slots=True)
class Lease:
    """Leave to drive a migration, given to one driver at a time; or who has it instead."""

    migration: str
    holder: str  # who drives
    mine: bool
    state: MigrationState
    rps: float | None


class Registry:
    """Blocking; may be shared by threads (from asyncio: `asyncio.to_thread`).

    Every method raises JournalUnavailable where Redis is out of reach, and may be repeated.
    """

    def __init__(self, journal: BlockingJournal) -> None:
        self.journal = journal

    def create(self, plan: Plan, *, rps: float | None = None) -> MigrationStatus:
        """Enter a migration with its ledger; one that exists is answered as it stands."""
        raise NotImplementedError

    def list(self) -> list[MigrationStatus]:
        """All, the newest first; without their histories."""
        raise NotImplementedError

    def status(self, migration: str) -> MigrationStatus:
        """Where it stands. Raises UnknownMigration."""
        raise NotImplementedError

    def find(self, migration: str) -> MigrationStatus | None:
        """As `status`; None where there is none."""
        raise NotImplementedError

    def pause(self, migration: str) -> MigrationStatus:
        """Send nothing more for now. Raises UnknownMigration, NotInState."""
        raise NotImplementedError

    def resume(self, migration: str) -> MigrationStatus:
        """Go on, after a pause or a stop. Raises UnknownMigration, NotInState."""
        raise NotImplementedError

    def cancel(self, migration: str) -> MigrationStatus:
        """Send nothing more, ever. Raises UnknownMigration, NotInState.

        A driver carries it out; where none lives, start one without rows (`Driver`, `rows=None`).
        """
        raise NotImplementedError

    def throttle(self, migration: str, rps: float | None) -> MigrationStatus:
        """Send so many rows a second at most; None for no limit. Raises UnknownMigration."""
        raise NotImplementedError

    def states(self, migration: str) -> Ledger:
        """The ledger as it stands. Raises UnknownMigration."""
        raise NotImplementedError

    def details(self, migration: str) -> dict[int, tuple[str, str]]:
        """Code and message of rows that were not applied, by number: the first 20,000."""
        raise NotImplementedError


class Ledger:
    """The states of all rows at a moment, half a byte each. Call it with a row's number."""

    def __init__(self, packed: bytes, rows: int) -> None:
        self._packed = packed
        self.rows = rows

    def __call__(self, number: int) -> RowState:
        """The state of the row of that number, from 1. Raises IndexError past the end."""
        if not 1 <= number <= self.rows:
            raise IndexError(number)
        pair = self._packed[(number - 1) // 2]
        return RowState(pair >> 4 if number % 2 else pair & 15)

    def first(self, state: RowState) -> int | None:
        """The number of the first row in the state."""
        return next((n for n in range(1, self.rows + 1) if self(n) is state), None)
