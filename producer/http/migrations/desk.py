"""What the routes of migrations share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from producer.http.migrations.children import Children
from producer.http.migrations.drivers import Drivers
from producer.http.migrations.looks import Looks
from producer.journal import BlockingJournal
from producer.migrations.registry import Registry
from producer.migrations.uploads import Uploads
from producer.settings import WebSettings

# An answer or a no within seconds, as for other requests.
_RETRIES = 1


@dataclass(frozen=True, slots=True)
class Desk:
    """One of each for the whole process."""

    settings: WebSettings
    journal: BlockingJournal
    registry: Registry
    looks: Looks
    uploads: Uploads
    children: Children
    drivers: Drivers

    @classmethod
    def of(cls, settings: WebSettings) -> Self:
        """It connects to Redis at its first use."""
        journal = BlockingJournal(settings.shared.redis, retries=_RETRIES)
        registry = Registry(journal)
        uploads = Uploads(settings.migrations_dir.absolute())
        children = Children(
            settings.shared.redis, settings.migrations_dir, settings.shared.language
        )
        drivers = Drivers(registry, uploads, children)
        return cls(settings, journal, registry, Looks(registry), uploads, children, drivers)

    def start(self) -> None:
        """Begin to look after the uploads of this machine."""
        self.drivers.start()

    async def stop(self) -> None:
        """End what was started."""
        await self.drivers.stop()
        self.children.end()
        self.journal.close()
