"""`cards migrate report`: the outcome of every row."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from producer.cli.exits import Exit
from producer.cli.migrate.control import migration_id
from producer.cli.migrate.file_options import data_folder

if TYPE_CHECKING:
    from producer.migrations.report.rows_report import ReportForm
    from producer.migrations.report.summary import Summary
    from producer.migrations.results.row_outcomes import RowOutcomes

_STDOUT = Path("-")
_PATH = click.Path(dir_okay=False, path_type=Path)
file_argument = click.argument("file", metavar="[FILE]", required=False, type=_PATH)


@click.command()
@migration_id
@file_argument
@click.option("--html", metavar="FILE", type=_PATH, help="Write an HTML page.")
@click.option("--csv", "csv_", metavar="FILE", type=_PATH, help="Write every row as CSV.")
@click.option("--jsonl", metavar="FILE", type=_PATH, help="Write every row as JSON Lines.")
@click.option("--errors", metavar="FILE", type=_PATH, help="Write the rows to run again.")
@click.option(
    "--undecided", metavar="FILE", type=_PATH, help="Write the customers whose card to choose."
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def report(
    migration: str,
    file: Path | None,
    html: Path | None,
    csv_: Path | None,
    jsonl: Path | None,
    errors: Path | None,
    undecided: Path | None,
    as_json: bool,
) -> int:
    """Report the outcome of the rows; the sums are checked against the ledger.

    With - as their file, --csv and --jsonl print the rows. FILE is where the migration's file is
    now, if it has moved. Exits with 0 where all rows are as the file says, 1 where some are not,
    4 where some have not ended.
    """
    from producer.cli.environment import language
    from producer.cli.migrate.environment import registry
    from producer.cli.migrate.status_output import present
    from producer.cli.output import show_json
    from producer.migrations.model.rows import RowState
    from producer.migrations.report.errors_file import write_errors
    from producer.migrations.report.html_report import html_report
    from producer.migrations.report.rows_report import (
        ReportForm,
        summarise,
        written_whole,
    )
    from producer.migrations.report.snapshot import accounts_of
    from producer.migrations.report.undecided import of_report, write_undecided
    from producer.migrations.run.setup import reopened

    with registry() as migrations:
        run = reopened(migrations, migration, file)
        status = migrations.status(migration)
        accounts = accounts_of(migrations, run, data_folder())
    with accounts.results:
        summary = None
        for form, path in ((ReportForm.CSV, csv_), (ReportForm.JSON_LINES, jsonl)):
            if path is not None:
                summary = _written(accounts, path, form)
        summary = summary or summarise(accounts)
        if errors is not None:
            write_errors(accounts, errors)
        if undecided is not None:
            write_undecided(of_report(accounts), undecided)
    if html is not None:
        with written_whole(html) as out:
            out.write(html_report(status, summary, language()))
    if as_json:
        show_json(summary.wire())
    elif _STDOUT not in (csv_, jsonl):
        present(status, summary)
    good = (RowState.APPLIED, RowState.ALREADY_SO, RowState.SKIPPED)
    done = sum(summary.counts.get(one, 0) for one in good)
    settled = sum(count for state, count in summary.counts.items() if state.settled)
    if settled < summary.rows:
        return Exit.NOT_ENDED
    return Exit.DONE if done == summary.rows else Exit.NOT_DONE


def _written(accounts: RowOutcomes, path: Path, form: ReportForm) -> Summary:
    from producer.migrations.report.rows_report import write_to, written_whole

    if path == _STDOUT:
        return write_to(accounts, sys.stdout, form)
    with written_whole(path) as out:
        return write_to(accounts, out, form)
