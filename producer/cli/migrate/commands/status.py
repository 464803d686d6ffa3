"""`cards migrate status`: where a migration stands."""

from __future__ import annotations

import click

from producer.cli.exits import Exit
from producer.cli.migrate.control import json_option, migration_id, tell


@click.command()
@migration_id
@json_option
def status(migration: str, as_json: bool) -> int:
    """Show where the migration of that ID stands."""
    from producer.cli.migrate.environment import registry

    with registry() as migrations:
        tell(migrations.status(migration), as_json)
    return Exit.DONE
