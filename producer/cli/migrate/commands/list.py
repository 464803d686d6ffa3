"""`cards migrate list`: list migrations."""

from __future__ import annotations

import click

from producer.cli.exits import Exit


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def list_(as_json: bool) -> int:
    """List migrations, the newest first."""
    from producer.cli.migrate.environment import registry
    from producer.cli.migrate.status_output import list_line, status_json
    from producer.cli.output import show_json

    with registry() as migrations:
        found = migrations.list()
    for one in found:
        if as_json:
            show_json(status_json(one))
        else:
            click.echo(list_line(one))
    if not found and not as_json:
        click.echo("no migrations")
    return Exit.DONE
