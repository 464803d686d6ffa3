"""`cards cancel`: cancel a command that was not sent yet."""

from __future__ import annotations

import click

from producer.cli.exits import Exit


@click.command()
@click.argument("command_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the status as JSON.")
def cancel(command_id: str, as_json: bool) -> int:
    """Cancel the command ID, unless it was sent to Stripe already."""
    from producer.cli.environment import client
    from producer.cli.output import show, show_json

    with client() as cards:
        cards.cancel(command_id)
        if as_json:
            show_json(cards.status(command_id).wire())
        else:
            show([("cancelled", command_id)])
    return Exit.DONE
