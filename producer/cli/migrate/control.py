"""What the commands that show or control a migration share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from producer.migrations.model.status import MigrationStatus

migration_id = click.argument("migration", metavar="ID")
json_option = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


def print_status(status: MigrationStatus, as_json: bool, *, brief: bool = False) -> None:
    """Print a migration's status; `brief` after a change of it."""
    from producer.cli.migrate.status_output import counts_text, status_json, status_lines
    from producer.cli.output import show, show_json

    if as_json:
        show_json(status_json(status))
    elif brief:
        show([(status.state.value, status.id), ("rows", counts_text(status))])
    else:
        show(status_lines(status))
