"""`cards status`: a command's state, as a view and as an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from producer.cli.exits import Exit

if TYPE_CHECKING:
    from producer.contract import CommandStatus

_BRIEF = ("state", "message", "code", "card", "next attempt", "superseded by", "shadowed", "advice")


@click.command()
@click.argument("command_id", metavar="ID")
@click.option(
    "--wait",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=0.0,
    help="Wait up to this long for the outcome.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the status as JSON.")
def status(command_id: str, wait: float, as_json: bool) -> int:
    """Show the state of the command ID."""
    from producer.cli.environment import client

    with client() as cards:
        return present(cards.status(command_id, wait=wait), waited=wait > 0, as_json=as_json)


def present(found: CommandStatus, *, waited: bool, as_json: bool, brief: bool = False) -> int:
    """Print a status; return the exit code it means."""
    from producer.cli.output import show, show_json, status_lines
    from producer.contract import State

    if as_json:
        show_json(found.wire())
    else:
        lines = status_lines(found)
        show([line for line in lines if line[0] in _BRIEF] if brief else lines)
    if found.result is not None:
        return Exit.DONE if found.result.status else Exit.NOT_DONE
    if found.ended:
        if not as_json:
            click.echo("the command has ended; its result was deleted, or cannot be read", err=True)
        return Exit.DONE if found.state is State.SUCCEEDED else Exit.NOT_DONE
    if waited and not as_json:
        click.echo("not ended in that time; the command goes on", err=True)
    return Exit.NOT_ENDED if waited else Exit.DONE
