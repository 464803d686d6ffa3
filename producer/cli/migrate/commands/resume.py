"""`cards migrate resume`: go on after a pause, or after a stop for failures."""

from __future__ import annotations

import click

from producer.cli.exits import Exit
from producer.cli.migrate.control import json_option, migration_id, tell


@click.command()
@migration_id
@json_option
def resume(migration: str, as_json: bool) -> int:
    """Let the migration go on. Where no driver lives, run its file again."""
    from producer.cli.migrate.environment import registry

    with registry() as migrations:
        status = migrations.resume(migration)
    tell(status, as_json, brief=True)
    if status.driver is None and not as_json:
        click.echo(f"nobody drives it: cards migrate run {status.name}")
    return Exit.DONE
