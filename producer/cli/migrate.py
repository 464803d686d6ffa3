"""`cards migrate`: from a file of cards to a report of what became of each."""

from __future__ import annotations

import click

from producer.cli.lazy import LazyGroup

_COMMANDS = {
    "plan": "Read and check a file; nothing is sent.",
    "run": "Send a file's rows; go on with what was begun.",
}


@click.command(cls=LazyGroup, package="producer.cli.migrating", helps=_COMMANDS)
def migrate() -> None:
    """Plan, run and report migrations: files of rows, each of which is a command.

    docs/migrations.md goes from the file to the report.
    """
