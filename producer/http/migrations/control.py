"""Controls migrations (run, pause, cancel, throttle, forget), for both API and pages."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from producer.http.migrations.services import MigrationServices
from producer.migrations.after.forget import forget as forget_
from producer.migrations.errors import MigrationError
from producer.migrations.model.status import MigrationState, MigrationStatus
from producer.migrations.registry import NotInState

log = logging.getLogger(__name__)

ACTIONS = ("run", "pause", "resume", "cancel")


class FileElsewhere(MigrationError):
    """The migration's file was not uploaded to this machine."""

    code = "file_elsewhere"


async def steer(
    migrations: MigrationServices,
    migration: str,
    what: str,
    *,
    limit: int | None = None,
    by: str = "",
) -> MigrationStatus:
    """Perform one of `ACTIONS`; may be repeated. With `limit`, `run` sends so many rows and pauses.

    `by` is the caller's name, for the log.

    Raises:
        UnknownMigration, NotInState, FileElsewhere, JournalUnavailable
    """
    if what in ("run", "resume"):
        status = await _resume(migrations, migration, limit)
        log_action(migration, what, by)
        return status
    act = migrations.registry.pause if what == "pause" else migrations.registry.cancel
    status = await asyncio.to_thread(act, migration)
    if status.state is MigrationState.CANCELLING and status.driver is None:
        migrations.drivers.finish(migration)
    migrations.drivers.wake()
    log_action(migration, what, by)
    return status


async def throttle(
    migrations: MigrationServices, migration: str, rps: float | None, *, by: str = ""
) -> MigrationStatus:
    """Send at most `rps` rows a second. Raises UnknownMigration, JournalUnavailable."""
    status = await asyncio.to_thread(migrations.registry.throttle, migration, rps)
    log_action(migration, "throttle", by)
    return status


def log_action(migration: str, what: str, by: str) -> None:
    """Log an action on a migration; `by` is empty if there are no tokens."""
    log.info("migration %s: %s by %s", migration, what, by or "-")


async def forget(
    migrations: MigrationServices, migration: str, *, by: str = ""
) -> MigrationStatus | None:
    """Remove an ended migration and its files on this machine; return its last status.

    None if the migration was forgotten elsewhere before, while its files were still here.

    Raises:
        UnknownMigration, NotInState, StillBusy, JournalUnavailable
    """
    status = await asyncio.to_thread(forget_, migrations.registry, migrations.uploads, migration)
    migrations.drivers.forget(migration)
    migrations.status_cache.forget(migration)
    log_action(migration, "forget", by)
    return status


async def _resume(
    migrations: MigrationServices, migration: str, limit: int | None
) -> MigrationStatus:
    before = await asyncio.to_thread(migrations.registry.status, migration)
    if before.state is MigrationState.FINISHED:
        return before
    upload = await asyncio.to_thread(migrations.uploads.get, migration)
    if upload is None and limit is not None:
        raise FileElsewhere(migration)
    if upload is not None and upload.limit != limit:
        # A running driver has the old limit.
        await asyncio.to_thread(migrations.uploads.keep, replace(upload, limit=limit))
        await migrations.drivers.release(migration)
        if limit is not None:
            status = await asyncio.to_thread(migrations.registry.status, migration)
            if status.driver is not None:
                await asyncio.to_thread(migrations.uploads.keep, replace(upload, limit=None))
                raise NotInState(migration, "resume", status.state)
    status = await asyncio.to_thread(migrations.registry.resume, migration)
    migrations.drivers.wake()
    return status
