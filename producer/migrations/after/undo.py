"""Writes a file that restores former defaults."""

from __future__ import annotations

import csv
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from producer.contract import SetDefaultCard
from producer.migrations.model.rows import BadRow, Repair, RowState
from producer.migrations.report.csv_cells import cells
from producer.migrations.report.errors_file import EXPECTED
from producer.migrations.report.rows_report import written_whole
from producer.migrations.results.row_outcomes import RowOutcomes

# A customer's first row knows the default before the migration, its last row the present one.
_ROWS = """
CREATE TABLE undone (
    customer TEXT, slot TEXT, before TEXT, card TEXT, PRIMARY KEY (customer, slot)
) WITHOUT ROWID
"""
_ENTER = """
INSERT INTO undone VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET card = excluded.card
"""


@dataclass(frozen=True, slots=True)
class Undo:
    """Counts of what an undo file restores and what it cannot: defaults, and attaching rows."""

    written: int
    had_none: int  # defaults that did not exist before: a default cannot be removed
    not_recorded: int  # former defaults that this machine does not know
    attached: int  # rows that attached a card: it stays attached


def write_undo(outcomes: RowOutcomes, path: Path) -> Undo:
    """Write rows that restore former defaults, each only if our card is still the default.

    Mode 0600. The column `only_if_default_is` holds the card that the migration set; `cards
    migrate run` recognises it and leaves customers alone that have changed since.

    Raises:
        SumsDiffer: input and ledger differ; then no file is left.
    """
    unknown = attached = 0
    # "" is a temporary database on disk: memory stays flat.
    db = sqlite3.connect("")
    try:
        db.execute(_ROWS)
        for row, result in outcomes:
            if result.state is not RowState.APPLIED or isinstance(row, BadRow):
                continue
            order = row.order
            if isinstance(order, Repair):
                unknown += 1  # another machine has recorded which card was set
                continue
            if not isinstance(order, SetDefaultCard):
                attached += 1
                continue
            if result.before is None:
                unknown += 1
            values = (order.customer, order.slot.value, result.before, order.card)
            db.execute(_ENTER, values)
        return _written(db, path, unknown, attached)
    finally:
        db.close()


def _written(db: sqlite3.Connection, path: Path, unknown: int, attached: int) -> Undo:
    written = had_none = 0
    with written_whole(path) as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["userId", "default_source", EXPECTED])
        for customer, before, card in db.execute("SELECT customer, before, card FROM undone"):
            if before == "":
                had_none += 1
            elif before is not None and before != card:
                writer.writerow(cells([customer, before, card]))
                written += 1
    return Undo(written, had_none, unknown, attached)
