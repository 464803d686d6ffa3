"""`cards migrate status`: show a migration's state."""

from __future__ import annotations

import click

from producer.cli.exits import Exit
from producer.cli.migrate.control import json_option, migration_id, print_status


@click.command()
@migration_id
@json_option
def status(migration: str, as_json: bool) -> int:
    """Show the state of the migration ID."""
    from producer.cli.migrate.environment import registry

    with registry() as migrations:
        print_status(migrations.status(migration), as_json)
    return Exit.DONE
