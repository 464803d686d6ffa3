"""`cards migrate undo`: write the file that restores former defaults."""

from __future__ import annotations

from pathlib import Path

import click

from producer.cli.exits import Exit
from producer.cli.migrate.commands.report import file_argument
from producer.cli.migrate.control import json_option, migration_id
from producer.cli.migrate.file_options import data_folder


@click.command()
@migration_id
@file_argument
@click.option(
    "--output",
    metavar="FILE",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the file is written.",
)
@json_option
def undo(migration: str, file: Path | None, output: Path, as_json: bool) -> int:
    """Write a file that restores the defaults from before the migration when it is run.

    That run leaves customers whose default has changed since alone; their rows end as drifted.
    Exits with 1 where some defaults cannot be restored.
    """
    from dataclasses import asdict

    from producer.cli.migrate.environment import registry
    from producer.cli.output import show, show_json
    from producer.migrations.after.undo import write_undo
    from producer.migrations.report.snapshot import accounts_of
    from producer.migrations.run.setup import reopened

    with registry() as migrations:
        run = reopened(migrations, migration, file)
        accounts = accounts_of(migrations, run, data_folder())
    with accounts.results:
        made = write_undo(accounts, output)
    if as_json:
        show_json(asdict(made))
    else:
        show(
            [
                ("written", f"{made.written:,} defaults to {output}"),
                ("had none", made.had_none or None),
                (
                    "unknown",
                    f"{made.not_recorded:,} not recorded here" if made.not_recorded else None,
                ),
                ("attached", f"{made.attached:,} stay attached" if made.attached else None),
                ("then", f"cards migrate run {output}"),
            ]
        )
    return Exit.NOT_DONE if made.had_none or made.not_recorded else Exit.DONE
