"""The migrations that the settings lead to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from producer.migrations.registry import Registry

# Few: what drives a migration waits for Redis by itself, and hears Ctrl-C in between.
_RETRIES = 2


@contextmanager
def registry() -> Iterator[Registry]:
    """The registry, its connections closed at the end. Raises SettingsError."""
    from producer.cli.environment import environ
    from producer.journal import BlockingJournal
    from producer.migrations.registry import Registry
    from producer.settings import Settings

    journal = BlockingJournal(Settings.from_environ(environ()).redis, retries=_RETRIES)
    try:
        yield Registry(journal)
    finally:
        journal.close()
