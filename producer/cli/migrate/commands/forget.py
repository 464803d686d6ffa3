"""`cards migrate forget`: remove a migration that has ended."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from producer.cli.exits import Exit, Stopped
from producer.cli.migrate.control import json_option, migration_id
from producer.cli.migrate.file_options import data_folder

if TYPE_CHECKING:
    from producer.migrations.model.status import MigrationStatus


@click.command()
@migration_id
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def forget(migration: str, yes: bool, as_json: bool) -> int:
    """Remove an ended migration from Redis, and its files on this machine.

    Afterwards no report can be made: write the one for finance first. Files that you wrote or
    gave stay, and so do failed commands. It asks first; without a terminal it needs --yes. Exits
    with 1 where the migration has not ended, or the answer was no.
    """
    from producer.cli.migrate.environment import registry
    from producer.cli.migrate.status_output import counts_text, status_json
    from producer.cli.output import show, show_json
    from producer.migrations.after.forget import forget as forget_
    from producer.migrations.after.forget import forgettable
    from producer.migrations.registry import UnknownMigration
    from producer.migrations.storage.uploads import Uploads

    with registry() as migrations:
        if not yes:
            try:
                _ask(forgettable(migrations, migration))
            except UnknownMigration:
                # Perhaps it was forgotten on another machine; then only this machine is tidied up.
                if not migrations.forgotten(migration):
                    raise
        status = forget_(migrations, Uploads(data_folder()), migration)
    if as_json:
        show_json(status_json(status) if status else None)
    else:
        rows = counts_text(status) if status else None
        show([("forgotten", migration), ("rows", rows)])
    return Exit.DONE


def _ask(status: MigrationStatus) -> None:
    report = f"cards migrate report {status.id} --html report.html --csv rows.csv"
    click.echo(
        f"{status.id} ({status.name}, {status.rows:,} rows, {status.state.value}): finance needs "
        f"the report, which cannot be made afterwards. To write it first:\n  {report}",
        err=True,
    )
    if not sys.stdin.isatty():
        raise click.UsageError("it would be forgotten for good: add --yes")
    if not click.confirm("Forget it?", err=True):
        click.echo("nothing was forgotten", err=True)
        raise Stopped(Exit.NOT_DONE)
