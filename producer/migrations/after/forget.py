"""Forgetting a migration that is over or was not begun: its files here, then the journal's keys."""

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

_LOOK_S = 0.1
_COMMANDS = 500
# As `spool_input` names its copies; other files are somebody's own.
_COPY = re.compile(r"input-[0-9a-f]{32}-[0-9a-f]{8}")


class StillBusy(MigrationError):
    """It has ended, but something of it is still under way."""

    code = "migration_busy"

    def __init__(self, migration: str, what: str) -> None:
        super().__init__(f"{migration} is not sent any more, but {what}: try again later")


def forgettable(registry: Registry, migration: str) -> MigrationStatus:
    """Where it stands, if it may be forgotten. Waits some seconds for its last driver to go.

    Raises:
        UnknownMigration, JournalUnavailable
        NotInState: it has not ended, and was begun.
        StillBusy: it is driven, or failed commands of it were taken up again.
    """
    deadline = time.monotonic() + LEASE_S + 1
    while True:
        status = registry.status(migration)
        if not status.forgettable:
            raise NotInState(migration, "forget", status.state)
        if status.driver is None:
            break
        if time.monotonic() > deadline:
            raise StillBusy(migration, "it is driven")
        time.sleep(_LOOK_S)
    if status.counts.get(RowState.FAILED) and (again := _taken_up_again(registry, migration)):
        raise StillBusy(migration, f"{again} of its failed commands were taken up again")
    return status


def forget(registry: Registry, uploads: Uploads, migration: str) -> MigrationStatus | None:
    """Remove it for good, and answer where it stood. Cut off at any point, it may be repeated.

    Where it was forgotten elsewhere, and files of it lay here, they are removed: None.

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
    # Last, for it is by the journal that it is found.
    registry.forget(migration)
    return status


def _taken_up_again(registry: Registry, migration: str) -> int:
    """How many commands of rows that failed have not ended."""
    failed = registry.states(migration).numbers(RowState.FAILED)
    under_way = 0
    while ids := [command_id(migration, number) for number in islice(failed, _COMMANDS)]:
        found = registry.journal(kept(ids))
        under_way += sum(1 for one in found if isinstance(one, Kept) and not one.state.ended)
    return under_way


def _remove_files(registry: Registry, uploads: Uploads, migration: str) -> bool:
    """Remove results, copies and the upload; whether there were any."""
    any_results = Results.remove(uploads.folder, migration)
    upload = uploads.get(migration)
    for copy in _copies(registry, uploads, migration):
        copy.unlink(missing_ok=True)
    uploads.forget(migration)
    return any_results or upload is not None


def _copies(registry: Registry, uploads: Uploads, migration: str) -> Iterator[Path]:
    """Copies of the stream it was made of, unless another migration is made of the same."""
    lay = registry.files()
    own = {lay.pop(migration, Path()).name}
    others = {path.name for path in lay.values()}
    for one in uploads.all():
        (own if one.migration == migration else others).add(one.file)
    for name in own - others:
        if _COPY.fullmatch(name):
            yield uploads.folder / name
