"""`cards migrate resume`: continue after a pause, or after a stop for failures."""

from __future__ import annotations

import click

from producer.cli.exits import Exit
from producer.cli.migrate.control import json_option, migration_id, print_status


@click.command()
@migration_id
@json_option
def resume(migration: str, as_json: bool) -> int:
    """Resume the migration. If no driver is running, run its file again."""
    from producer.cli.migrate.environment import registry

    with registry() as migrations:
        status = migrations.resume(migration)
    print_status(status, as_json, brief=True)
    if status.driver is None and not as_json:
        click.echo(f"no driver is running: cards migrate run {status.name}")
    return Exit.DONE
