"""The report of every row with its outcome, in the input's order, as CSV or JSON Lines."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, TextIO

from producer.migrations.model.report_row import COLUMNS, ReportRow
from producer.migrations.report.csv_cells import cells
from producer.migrations.report.summary import Summary, Tally
from producer.migrations.results.row_outcomes import RowOutcomes

__all__ = ["ReportForm", "RowOutcomes", "summarise", "write_csv", "write_json_lines", "write_to"]


class ReportForm(StrEnum):
    """The format of the rows."""

    CSV = "csv"
    JSON_LINES = "jsonl"


def summarise(outcomes: RowOutcomes) -> Summary:
    """Count all rows.

    Raises:
        SumsDiffer: the counts are not the ledger's.
    """
    return _add_up(outcomes, lambda _: None)


def write_to(outcomes: RowOutcomes, out: TextIO, form: ReportForm) -> Summary:
    """Write the rows with redacted tokens. Raises SumsDiffer, possibly after part of the rows."""
    if form is ReportForm.JSON_LINES:
        return _add_up(outcomes, lambda row: out.write(_json_line(row)))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    return _add_up(outcomes, lambda row: writer.writerow(cells(row.values())))


def write_csv(outcomes: RowOutcomes, path: Path) -> Summary:
    """Write the rows as CSV with redacted tokens. Raises SumsDiffer, and then leaves no file."""
    with written_whole(path) as out:
        return write_to(outcomes, out, ReportForm.CSV)


def write_json_lines(outcomes: RowOutcomes, path: Path) -> Summary:
    """Write the rows as JSON Lines with redacted tokens. Raises SumsDiffer and leaves no file."""
    with written_whole(path) as out:
        return write_to(outcomes, out, ReportForm.JSON_LINES)


@contextmanager
def written_whole(path: Path) -> Iterator[TextIO]:
    """A file, mode 0600, that appears at its path once complete, and never after an error."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            yield out
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _add_up(outcomes: RowOutcomes, each: Callable[[ReportRow], Any]) -> Summary:
    tally = Tally()
    for row, result in outcomes:
        reported = ReportRow.of(row, result)
        tally.add(reported)
        each(reported)
    return tally.summary(outcomes.rows, outcomes.counts)


def _json_line(row: ReportRow) -> str:
    return json.dumps(dict(zip(COLUMNS, row.values(), strict=True)), ensure_ascii=False) + "\n"
