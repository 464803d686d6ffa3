"""`cards migrate throttle`: limit how fast rows are sent."""

from __future__ import annotations

import click

from producer.cli.exits import Exit
from producer.cli.migrate.control import json_option, migration_id, print_status


@click.command()
@migration_id
@click.argument("rps", metavar="RPS", type=click.FloatRange(min=0))
@json_option
def throttle(migration: str, rps: float, as_json: bool) -> int:
    """Send RPS rows a second at most; 0 removes the limit."""
    from producer.cli.migrate.environment import registry

    with registry() as migrations:
        print_status(migrations.throttle(migration, rps or None), as_json, brief=True)
    return Exit.DONE
