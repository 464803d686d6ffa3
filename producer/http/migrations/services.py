"""What the routes of migrations share."""

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

# An answer or a no within seconds, as for other requests.
_RETRIES = 1


@dataclass(frozen=True, slots=True)
class MigrationServices:
    """One of each for the whole process."""

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
        """It connects to Redis at its first use."""
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
        """What is known here of a migration that is not in the journal, since that was lost.

        Raises:
            JournalUnavailable: Redis is out of reach.
        """
        return await asyncio.to_thread(lost_here, self.registry, self.uploads.folder, migration)

    async def all_lost(self, there: Collection[str]) -> list[JournalLost]:
        """Those that were uploaded here and whose journal was lost; `there` are in this one."""

        def look() -> list[JournalLost]:
            missing = [one.migration for one in self.uploads.all() if one.migration not in there]
            folder = self.uploads.folder
            found = (lost_here(self.registry, folder, one) for one in missing)
            return [one for one in found if one is not None]

        return await asyncio.to_thread(look)

    def start(self) -> None:
        """Begin to look after the uploads of this machine."""
        try:
            tighten_folder(self.uploads.folder)
        except OSError as error:
            log.warning("the rights to %s are not looked after: %s", self.uploads.folder, error)
        try:
            if abandoned := remove_abandoned(self.uploads.folder):
                log.info("removed what %d processes left half done", abandoned)
        except OSError as error:
            log.warning("what was left half done is not removed: %s", error)
        self.drivers.start()

    async def stop(self) -> None:
        """End what was started."""
        await self.drivers.stop()
        self.child_processes.end()
        self.journal.close()
