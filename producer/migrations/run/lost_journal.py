"""A migration whose journal was lost: noticed by what the results file notes of it.

Nobody begins it anew by himself. A person restores Redis, or has it continued in the journal that
there is: what is recorded is done, what was on its way is sent again under the same keys.
"""

from __future__ import annotations

from pathlib import Path

from producer.journal import journal_id, journal_in_use
from producer.migrations.errors import JournalLost
from producer.migrations.registry import Registry
from producer.migrations.results.results_file import Results


def lost(registry: Registry, results: Results, migration: str) -> JournalLost | None:
    """What became of a run whose journal is not this one; None where it is, or nothing was sent.

    Raises:
        JournalUnavailable: Redis is out of reach.
    """
    if not results.journal and not len(results):
        return None
    found = registry.journal(journal_id())
    if not results.journal:
        # Written by an earlier version. It is this one's if this one knows, or knew, of it.
        if registry.find(migration) is not None or registry.forgotten(migration):
            return None
    elif results.journal == found:
        return None
    return loss_of(results, migration, found)


def loss_of(results: Results, migration: str, found: str | None) -> JournalLost | None:
    """The same, where it is known that the journal is another; None where nothing was sent."""
    counts, doubtful = results.counts(), results.on_their_way()
    if not counts and not doubtful:
        return None
    return JournalLost(migration, results.journal, found, counts, doubtful)


def lost_here(registry: Registry, folder: Path, migration: str) -> JournalLost | None:
    """The same, by the results in the data folder."""
    with Results.of(folder, migration, readonly=True) as results:
        return lost(registry, results, migration)


def belong(registry: Registry, results: Results, migration: str) -> str:
    """Note the journal that there is as that of the results, before anything is sent; its id.

    Raises:
        JournalLost: they are of another one.
        UnknownMigration: it was never entered in this one.
        JournalUnavailable: also where CARDS_JOURNAL_ID names another one.
    """
    if (loss := lost(registry, results, migration)) is not None:
        raise loss
    journal = journal_in_use(registry.journal)
    if results.journal != journal:
        results.belong(journal, registry.record(migration).fields.get("life", ""))
    return journal
