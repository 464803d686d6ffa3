"""Enters a migration from a file, and creates drivers for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from producer.journal import journal_in_use
from producer.migrations.errors import FileRefused
from producer.migrations.input.columns.columns import Mapping
from producer.migrations.input.input_file import InputFile, open_input
from producer.migrations.input.rows.ids import migration_id
from producer.migrations.input.rows.reader import open_rows
from producer.migrations.model.conditions import Conditions
from producer.migrations.model.rows import BadRow, Row
from producer.migrations.model.status import MigrationStatus
from producer.migrations.plan.plan import Plan, make_plan
from producer.migrations.registry import Registry
from producer.migrations.results.results_file import Results
from producer.migrations.run.driver import Driver, Options, Progress
from producer.migrations.texts.reasons import Reason


@dataclass(frozen=True, slots=True)
class Run:
    """A file and its meaning; `id` is the migration's. `by` is the sender that enters it."""

    source: InputFile
    mapping: Mapping
    conditions: Conditions
    blind: bool = False
    by: str = ""

    @property
    def id(self) -> str:
        """The id: the same for the same file with the same meaning on any machine."""
        return migration_id(self.source, self.mapping, self.conditions)

    def enter(
        self,
        registry: Registry,
        *,
        rps: float | None = None,
        on_progress: Callable[[int], object] | None = None,
    ) -> bool:
        """Plan the file and enter the migration; False, at once, if it was entered before.

        Raises:
            FileRefused, ExtraMissing: the file is rejected.
            JournalUnavailable: Redis is unreachable.
        """
        if registry.find(self.id) is not None:
            return False
        with make_plan(
            self.source, self.mapping, self.conditions, blind=self.blind, on_progress=on_progress
        ) as plan:
            self.create(registry, plan, rps=rps)
        return True

    def enter_again(
        self,
        registry: Registry,
        folder: Path,
        *,
        rps: float | None = None,
        on_progress: Callable[[int], object] | None = None,
    ) -> None:
        """Plan the file and enter it as `create_again` does.

        Raises:
            FileRefused, ExtraMissing: the file is rejected.
            JournalUnavailable: as `create_again`.
        """
        with make_plan(
            self.source, self.mapping, self.conditions, blind=self.blind, on_progress=on_progress
        ) as plan:
            self.create_again(registry, plan, folder, rps=rps)

    def create(
        self, registry: Registry, plan: Plan, *, rps: float | None = None
    ) -> MigrationStatus:
        """Enter the migration with a plan of its file. Raises JournalUnavailable."""
        return registry.create(plan, rps=rps, about=self._about())

    def create_again(
        self, registry: Registry, plan: Plan, folder: Path, *, rps: float | None = None
    ) -> MigrationStatus:
        """Enter the migration in the present journal, after the former one was lost.

        Rows recorded in the data folder are entered as ended. May be repeated after an
        interruption at any point.

        Raises:
            JournalUnavailable: also if CARDS_JOURNAL_ID names another journal.
        """
        journal = journal_in_use(registry.journal)
        with Results.of(folder, self.id) as results:
            status = registry.create(plan, rps=rps, about=self._about(), results=results)
            results.bind(journal, results.life)
        return status

    def rows(self, start_number: int) -> Iterator[Row | BadRow]:
        """The file's rows from a number on."""
        return open_rows(self.source, self.mapping, start_number=start_number)

    def driver(
        self,
        registry: Registry,
        results: Results,
        *,
        limit: int | None = None,
        stop_after: int | None = None,
        stop_after_percent: float | None = None,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> Driver:
        """A driver of the entered migration, with the options it was entered with.

        Raises:
            UnknownMigration: the migration was not entered.
        """
        about = registry.about(self.id)
        options = Options(
            limit=limit,
            stop_after=stop_after,
            stop_after_percent=stop_after_percent,
            blind=bool(about.get("blind")),
            sender=str(about.get("by") or ""),
            skip_if_newer=self.conditions.skip_if_newer,
            repairs=self.mapping.repairs,
        )
        return Driver(registry, self.id, self.rows, results, options, on_progress=on_progress)

    def _about(self) -> dict[str, Any]:
        return {
            "path": str(self.source.path.absolute()),
            "name": self.source.name,
            **self.mapping.wire(),
            "skipIfNewer": self.conditions.skip_if_newer,
            "format": self.source.format.wire(),
            "by": self.by,
        }


def reopened(registry: Registry, migration: str, path: Path | None = None) -> Run:
    """A migration's run from what the journal keeps; `path` is its file's new place, if moved.

    Raises:
        UnknownMigration: the journal has no such migration.
        FileRefused: the file is missing, or is another one.
    """
    about = registry.about(migration)
    sheet = (about.get("format") or {}).get("sheet") or ""
    source = open_input(path or Path(about["path"]), name=about["name"], sheet=sheet)
    mapping = Mapping.of(about)
    conditions = Conditions(about["expected"], about["skipIfNewer"])
    run = Run(source, mapping, conditions, bool(about["blind"]))
    if run.id != migration:
        raise FileRefused("another_file", Reason.ANOTHER_FILE, migration=migration)
    return run
