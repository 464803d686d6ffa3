"""`cards migrate`: from a file of cards to a report of each row's outcome."""

from __future__ import annotations

import click

from producer.cli.lazy import LazyGroup

_COMMANDS = {
    "plan": "Check a file and say what it would do; nothing is sent.",
    "run": "Send a file's rows, or continue a run.",
    "list": "List migrations.",
    "status": "Show a migration's state.",
    "pause": "Send nothing more for now.",
    "resume": "Continue after a pause or a stop.",
    "cancel": "Cancel what was not sent; what was sent is finished.",
    "throttle": "Limit how many rows are sent a second.",
    "report": "Report the outcome of every row.",
    "verify": "Read some rows back from Stripe and compare.",
    "undo": "Write the file that restores former defaults.",
    "forget": "Remove a migration that has ended.",
}


@click.command(cls=LazyGroup, package="producer.cli.migrate.commands", helps=_COMMANDS)
def migrate() -> None:
    """Plan, run and report migrations: files of rows, each of which is a command.

    docs/migrations.md is the runbook, from the file to the report.
    """
