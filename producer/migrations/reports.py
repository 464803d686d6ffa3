"""A migration's accounts, taken at one moment."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from producer.migrations.accounts import Accounts
from producer.migrations.registry import Registry
from producer.migrations.results import Results
from producer.migrations.rows import RowState
from producer.migrations.runs import Run


def accounts_of(registry: Registry, run: Run, folder: Path) -> Accounts:
    """What report, verify and undo are made of: ledger, details, and this machine's results.

    Counts are those of the ledger as it was read, also while the migration goes on. Close the
    results afterwards.

    Raises:
        UnknownMigration: it was never entered.
    """
    states = registry.states(run.id)
    details = registry.details(run.id)
    counts: Counter[RowState] = Counter(states(n) for n in range(1, states.rows + 1))
    results = Results.of(folder, run.id, readonly=True)
    return Accounts(
        run.id, run.source, run.mapping, states.rows, states, results, details, dict(counts)
    )
