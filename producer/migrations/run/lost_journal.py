"""Detects that Redis has lost a migration's journal, by the journal's id in the results file.

No driver starts such a migration anew. An operator restores Redis, or continues the migration in
the present journal: recorded rows are done, rows in flight are sent again under the same keys.
"""

from __future__ import annotations

from pathlib import Path

from producer.journal import journal_id, journal_in_use
from producer.migrations.errors import JournalLost
from producer.migrations.registry import Registry
from producer.migrations.results.results_file import Results


def lost(registry: Registry, results: Results, migration: str) -> JournalLost | None:
    """The loss, if Redis has another journal than the results; None if not, or nothing was sent.

    Raises:
        JournalUnavailable: Redis is unreachable.
    """
    if not results.journal and not len(results):
        return None
    found = registry.journal(journal_id())
    if not results.journal:
        # Written by an earlier version: bound to this journal if that has or had the migration.
        if registry.find(migration) is not None or registry.forgotten(migration):
            return None
    elif results.journal == found:
        return None
    return loss_of(results, migration, found)


def loss_of(results: Results, migration: str, found: str | None) -> JournalLost | None:
    """The loss, given that Redis has another journal; None if nothing was sent."""
    counts, doubtful = results.counts(), results.unrecorded()
    if not counts and not doubtful:
        return None
    return JournalLost(migration, results.journal, found, counts, doubtful)


def lost_here(registry: Registry, folder: Path, migration: str) -> JournalLost | None:
    """As `lost`, with the results in the data folder."""
    with Results.of(folder, migration, readonly=True) as results:
        return lost(registry, results, migration)


def bind_journal(registry: Registry, results: Results, migration: str) -> str:
    """Bind the results to the present journal before anything is sent; return its id.

    Raises:
        JournalLost: the results are bound to another journal.
        UnknownMigration: the migration was never entered in this journal.
        JournalUnavailable: also if CARDS_JOURNAL_ID names another journal.
    """
    if (loss := lost(registry, results, migration)) is not None:
        raise loss
    journal = journal_in_use(registry.journal)
    if results.journal != journal:
        results.bind(journal, registry.record(migration).fields.get("life", ""))
    return journal
