"""`cards export`: everything about a command, for a ticket."""

from __future__ import annotations

import json

import click

from producer.cli.exits import Exit


@click.command()
@click.argument("command_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print it on one line.")
def export(command_id: str, as_json: bool) -> int:
    """Print, as JSON, all that Redis holds about the command ID. Tokens are redacted."""
    from producer.cli import environment
    from producer.client.errors import CommandNotFound
    from producer.journal.operations.exports import export as exported

    with environment.journal() as journal:
        found = journal(exported(command_id))
    if found is None:
        raise CommandNotFound(command_id)
    click.echo(json.dumps(found, ensure_ascii=False, indent=None if as_json else 2))
    return Exit.DONE
