"""Forgets a migration that has ended or never started: its files here, then the journal's keys."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from producer.journal.operations.failed import Kept, kept
from producer.migrations.errors import MigrationError
from producer.migrations.input.rows.ids import command_id
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationStatus
from producer.migrations.registry import NotInState, Registry, UnknownMigration
from producer.migrations.results.results_file import Results
from producer.migrations.run.lease import LEASE_S
from producer.migrations.storage.uploads import Uploads

_POLL_S = 0.1
_COMMANDS = 500
# The names of copies by `spool_input`; other files belong to their owner.
_COPY = re.compile(r"input-[0-9a-f]{32}-[0-9a-f]{8}")


class StillBusy(MigrationError):
    """The migration has ended, but some of its work is still in progress."""

    code = "migration_busy"

    def __init__(self, migration: str, what: str) -> None:
        super().__init__(f"{migration} has stopped sending, but {what}: try again later")


def forgettable(registry: Registry, migration: str) -> MigrationStatus:
    """The migration's status, if it may be forgotten. Waits some seconds for its driver to leave.

    Raises:
        UnknownMigration, JournalUnavailable
        NotInState: it has started and not ended.
        StillBusy: it has a driver, or failed commands of it were replayed.
    """
    deadline = time.monotonic() + LEASE_S + 1
    while True:
        status = registry.status(migration)
        if not status.forgettable:
            raise NotInState(migration, "forget", status.state)
        if status.driver is None:
            break
        if time.monotonic() > deadline:
            raise StillBusy(migration, "it still has a driver")
        time.sleep(_POLL_S)
    if status.counts.get(RowState.FAILED) and (replayed := _replayed(registry, migration)):
        raise StillBusy(migration, f"{replayed} of its failed commands were replayed")
    return status


def forget(registry: Registry, uploads: Uploads, migration: str) -> MigrationStatus | None:
    """Remove the migration for good; return its last status. May be repeated after an interruption.

    If it was forgotten on another machine, its files here are removed: None.

    Raises:
        As `forgettable`, and OSError.
    """
    try:
        status = forgettable(registry, migration)
    except UnknownMigration:
        if registry.forgotten(migration) and _remove_files(registry, uploads, migration):
            return None
        raise
    _remove_files(registry, uploads, migration)
    # Last: only the journal finds the migration.
    registry.forget(migration)
    return status


def _replayed(registry: Registry, migration: str) -> int:
    """The number of failed rows whose commands were replayed and have not ended."""
    failed = registry.states(migration).numbers(RowState.FAILED)
    replayed = 0
    while ids := [command_id(migration, number) for number in islice(failed, _COMMANDS)]:
        found = registry.journal(kept(ids))
        replayed += sum(1 for one in found if isinstance(one, Kept) and not one.state.ended)
    return replayed


def _remove_files(registry: Registry, uploads: Uploads, migration: str) -> bool:
    """Remove results, copies and the upload; return whether there were any."""
    any_results = Results.remove(uploads.folder, migration)
    upload = uploads.get(migration)
    for copy in _copies(registry, uploads, migration):
        copy.unlink(missing_ok=True)
    uploads.forget(migration)
    return any_results or upload is not None


def _copies(registry: Registry, uploads: Uploads, migration: str) -> Iterator[Path]:
    """Copies of the migration's stream that no other migration uses."""
    files = registry.files()
    own = {files.pop(migration, Path()).name}
    others = {path.name for path in files.values()}
    for upload in uploads.all():
        (own if upload.migration == migration else others).add(upload.file)
    for name in own - others:
        if _COPY.fullmatch(name):
            yield uploads.folder / name
