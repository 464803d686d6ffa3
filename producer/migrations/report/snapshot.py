"""The outcomes of a migration's rows at one moment."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from producer.journal.migrations.recorded import kept
from producer.migrations.model.rows import RowState
from producer.migrations.registry import Registry
from producer.migrations.results.journal_results import behind, catch_up
from producer.migrations.results.results_file import Results
from producer.migrations.results.row_outcomes import RowOutcomes
from producer.migrations.run.setup import Run


def accounts_of(registry: Registry, run: Run, folder: Path) -> RowOutcomes:
    """The input of report, verify and undo: ledger, details, and results of all machines.

    Counts are those of the ledger that was read, also while the migration runs. The caller closes
    the results.

    Raises:
        UnknownMigration: it was never entered.
    """
    states = registry.states(run.id)
    details = registry.details(run.id)
    counts: Counter[RowState] = Counter(states(n) for n in range(1, states.rows + 1))
    results = _results(registry, run.id, folder)
    return RowOutcomes(
        run.id,
        run.source,
        run.mapping,
        states.rows,
        states,
        results,
        details,
        dict(counts),
        registry.language,
    )


def _results(registry: Registry, migration: str, folder: Path) -> Results:
    """This machine's results, completed with those of other machines."""
    results = Results.of(folder, migration, readonly=True)
    if not behind(registry.journal(kept(migration)), results.recorded_frames):
        return results
    results.close()
    results = Results.copied(folder, migration)
    try:
        catch_up(registry.journal, migration, results)
    except BaseException:
        results.close()
        raise
    return results
