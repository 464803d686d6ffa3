"""`cards migrate`: from a file of cards to a report of what became of each."""

from __future__ import annotations

import click

from producer.cli.lazy import LazyGroup

_COMMANDS = {
    "plan": "Read and check a file; nothing is sent.",
    "run": "Send a file's rows; go on with what was begun.",
    "list": "List migrations.",
    "status": "Show where a migration stands.",
    "pause": "Send nothing more for now.",
    "resume": "Go on after a pause or a stop.",
    "cancel": "Cancel what was not sent; what was is finished.",
    "throttle": "Bound how many rows are sent a second.",
    "report": "Say what became of every row.",
    "verify": "Read some rows back from Stripe and compare.",
    "undo": "Write the file that puts former defaults back.",
    "forget": "Remove a migration that has ended.",
}


@click.command(cls=LazyGroup, package="producer.cli.migrate.commands", helps=_COMMANDS)
def migrate() -> None:
    """Plan, run and report migrations: files of rows, each of which is a command.

    docs/migrations.md goes from the file to the report.
    """
