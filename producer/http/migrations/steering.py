"""What a person or a program does to a migration: the same by API and page."""

from __future__ import annotations

import asyncio

from producer.http.migrations.desk import Desk
from producer.migrations.registry import NotInState
from producer.migrations.status import MigrationState, MigrationStatus

ACTIONS = ("run", "pause", "resume", "cancel")


async def steer(desk: Desk, migration: str, what: str) -> MigrationStatus:
    """Do one of `ACTIONS`; may be repeated.

    Raises:
        UnknownMigration, NotInState, JournalUnavailable
    """
    act = {
        "run": desk.registry.resume,
        "resume": desk.registry.resume,
        "pause": desk.registry.pause,
        "cancel": desk.registry.cancel,
    }[what]
    try:
        status = await asyncio.to_thread(act, migration)
    except NotInState as error:
        if what not in ("run", "resume") or error.state is not MigrationState.FINISHED:
            raise
        status = await asyncio.to_thread(desk.registry.status, migration)  # it has run
    if status.state is MigrationState.CANCELLING and status.driver is None:
        desk.drivers.finish(migration)
    desk.drivers.poke()
    return status


async def throttle(desk: Desk, migration: str, rps: float | None) -> MigrationStatus:
    """Send so many rows a second at most. Raises UnknownMigration, JournalUnavailable."""
    return await asyncio.to_thread(desk.registry.throttle, migration, rps)
