"""Caches migrations' statuses, so that simultaneous viewers share one read."""

from __future__ import annotations

import asyncio
from asyncio import Task

from producer.migrations.model.status import MigrationStatus
from producer.migrations.registry import Registry

FRESH_S = 0.8


class StatusCache:
    """The registry for many readers: threads read, and results are shared for `FRESH_S`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._kept: dict[str, tuple[float, Task[MigrationStatus]]] = {}

    async def status(self, migration: str, *, fresh: bool = False) -> MigrationStatus:
        """The status, at most `FRESH_S` old. Raises UnknownMigration, JournalUnavailable."""
        now = asyncio.get_running_loop().time()
        self._kept = {id_: kept for id_, kept in self._kept.items() if kept[0] > now}
        if fresh or migration not in self._kept:
            task = asyncio.create_task(asyncio.to_thread(self._registry.status, migration))
            self._kept[migration] = now + FRESH_S, task
        return await asyncio.shield(self._kept[migration][1])

    def forget(self, migration: str) -> None:
        """Drop the cached status."""
        self._kept.pop(migration, None)

    async def list(self) -> list[MigrationStatus]:
        """All statuses, the newest first; uncached. Raises JournalUnavailable."""
        return await asyncio.to_thread(self._registry.list)
