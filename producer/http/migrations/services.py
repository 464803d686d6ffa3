"""Services shared by the routes of migrations."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from producer.http.migrations.processes.child_processes import ChildProcesses
from producer.http.migrations.processes.drivers import Drivers
from producer.http.migrations.status_cache import StatusCache
from producer.http.migrations.upload_storage import UploadStorage
from producer.journal import BlockingJournal
from producer.migrations.errors import JournalLost
from producer.migrations.registry import Registry
from producer.migrations.run.lost_journal import lost_here
from producer.migrations.storage.data_directory import tighten_folder
from producer.migrations.storage.uploads import Uploads
from producer.migrations.storage.work_directory import remove_abandoned
from producer.settings import WebSettings

log = logging.getLogger(__name__)

# An answer or an error within seconds, as for other requests.
_RETRIES = 1


@dataclass(frozen=True, slots=True)
class MigrationServices:
    """Shared by all requests of the process."""

    settings: WebSettings
    journal: BlockingJournal
    registry: Registry
    status_cache: StatusCache
    uploads: Uploads
    upload_storage: UploadStorage
    child_processes: ChildProcesses
    drivers: Drivers

    @classmethod
    def of(cls, settings: WebSettings) -> Self:
        """Create the services; they connect to Redis at their first use."""
        journal = BlockingJournal(settings.shared.redis, retries=_RETRIES)
        shared = settings.shared
        registry = Registry(journal, shared.signing, settings.keeping, shared.language)
        uploads = Uploads(settings.migrations_dir.absolute())
        child_processes = ChildProcesses(
            shared.redis, settings.migrations_dir, shared.language, shared.signing
        )
        drivers = Drivers(registry, uploads, child_processes)
        upload_storage = UploadStorage(uploads.folder, settings.upload_limit)
        status_cache = StatusCache(registry)
        return cls(
            settings,
            journal,
            registry,
            status_cache,
            uploads,
            upload_storage,
            child_processes,
            drivers,
        )

    async def lost(self, migration: str) -> JournalLost | None:
        """What this machine knows of a migration whose journal was lost; None if it was not.

        Raises:
            JournalUnavailable: Redis cannot be reached.
        """
        return await asyncio.to_thread(lost_here, self.registry, self.uploads.folder, migration)

    async def all_lost(self, known: Collection[str]) -> list[JournalLost]:
        """Migrations uploaded here whose journal was lost; `known` ones are in the journal."""

        def find() -> list[JournalLost]:
            missing = [u.migration for u in self.uploads.all() if u.migration not in known]
            losses = (lost_here(self.registry, self.uploads.folder, id_) for id_ in missing)
            return [loss for loss in losses if loss is not None]

        return await asyncio.to_thread(find)

    def start(self) -> None:
        """Clean up after earlier processes, and start the drivers."""
        try:
            tighten_folder(self.uploads.folder)
        except OSError as error:
            log.warning("cannot restrict the permissions of %s: %s", self.uploads.folder, error)
        try:
            if abandoned := remove_abandoned(self.uploads.folder):
                log.info("removed unfinished work of %d processes", abandoned)
        except OSError as error:
            log.warning("cannot remove unfinished work: %s", error)
        self.drivers.start()

    async def stop(self) -> None:
        """Stop the drivers and child processes, and disconnect."""
        await self.drivers.stop()
        self.child_processes.end()
        self.journal.close()
