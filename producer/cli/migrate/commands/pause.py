"""`cards migrate pause`: send nothing more for now."""

from __future__ import annotations

import click

from producer.cli.exits import Exit
from producer.cli.migrate.control import json_option, migration_id, print_status


@click.command()
@migration_id
@json_option
def pause(migration: str, as_json: bool) -> int:
    """Pause the migration: what was sent is finished, the rest waits for resume."""
    from producer.cli.migrate.environment import registry

    with registry() as migrations:
        print_status(migrations.pause(migration), as_json, brief=True)
    return Exit.DONE
