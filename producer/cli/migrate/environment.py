"""The registry of migrations that the settings lead to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from producer.migrations.registry import Registry

# Few, since a driver waits for Redis by itself, and can be interrupted in between.
_RETRIES = 2


@contextmanager
def registry() -> Iterator[Registry]:
    """The registry; its connections are closed at the end.

    Raises:
        SettingsError
        JournalLost: the migration is unknown, and files on this machine show its journal was lost.
    """
    from producer.cli.environment import environ
    from producer.cli.migrate.file_options import data_folder
    from producer.journal import BlockingJournal
    from producer.migrations.registry import Registry, UnknownMigration
    from producer.migrations.run.lost_journal import lost_here
    from producer.settings import Settings, keeping_config

    settings = Settings.from_environ(environ())
    journal = BlockingJournal(settings.redis, retries=_RETRIES)
    migrations = Registry(journal, settings.signing, keeping_config(environ()), settings.language)
    try:
        yield migrations
    except UnknownMigration as unknown:
        loss = lost_here(migrations, data_folder(), unknown.migration)
        raise loss or unknown from None
    finally:
        journal.close()


def sender() -> str:
    """CARDS_SENDER, the name that commands are sent under. Raises SettingsError."""
    from producer.cli.environment import environ
    from producer.settings import Settings

    return Settings.from_environ(environ()).sender
