"""`cards failed`: list failed commands and replay them."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

import click

from producer.cli.exits import Exit, Stopped

if TYPE_CHECKING:
    from producer.client.blocking import CardCommands
    from producer.contract.failed_filters import FailedFilter
    from producer.journal.operations.failed import FailedCommand

# The code of a command that killed its worker, and would again.
_POISON = "poison"
_LEFT_OUT = (
    "{count} of code poison left out: such a command killed its worker, and would again; send "
    "`cards export ID` to the maintainers, or add --poison"
)


@click.group()
def failed() -> None:
    """List failed commands and replay them."""


@failed.command("list")
@click.option("--filter", "filters", metavar="NAME=VALUE,...", multiple=True, help="As in replay.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def list_(filters: tuple[str, ...], as_json: bool) -> int:
    """List failed commands, the oldest first."""
    from producer.cli.environment import client
    from producer.cli.output import show_json
    from producer.explain.failed import failed_wire

    wanted = _wanted(filters)
    codes: Counter[str] = Counter()
    with client() as cards:
        for one in _matching(cards, wanted):
            codes[one.code or "-"] += 1
            if as_json:
                show_json(failed_wire(one))
            else:
                click.echo(_row(one))
    if not as_json:
        click.echo(_summary(codes) or "no failed commands")
    return Exit.DONE


@failed.command()
@click.argument("command_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def show(command_id: str, as_json: bool) -> int:
    """Show one failed command: its order and its last error."""
    from producer.cli.environment import client
    from producer.cli.output import failed_lines, show_json
    from producer.cli.output import show as show_lines
    from producer.explain.failed import failed_wire

    with client() as cards:
        one = cards.failed_command(command_id)
    if as_json:
        show_json(failed_wire(one))
    else:
        todo = f"cards failed replay {one.id}, once the cause is removed"
        if one.code == _POISON:
            todo = f"send cards export {one.id} to the maintainers; do not replay"
        show_lines([*failed_lines(one), ("to do", todo)])
    return Exit.DONE


@failed.command()
@click.argument("command_id", metavar="ID", required=False)
@click.option(
    "--filter",
    "filters",
    metavar="NAME=VALUE,...",
    multiple=True,
    help="Replay all that match: code=, command=, customer=, tag.NAME=.",
)
@click.option("--dry-run", is_flag=True, help="Only count what would be replayed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--poison", is_flag=True, help="Include commands that killed their worker.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts by state as JSON.")
def replay(
    command_id: str | None,
    filters: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    poison: bool,
    as_json: bool,
) -> int:
    """Replay the failed command ID, or all that --filter matches.

    A command keeps its id and goes to the end of its customer's order; what Stripe may have done
    already is looked up before it is sent again. Commands that killed their worker (code poison)
    are left out without --poison: the maintainers have to examine them first.
    """
    from producer.cli.environment import client
    from producer.cli.output import show_json

    if (command_id is None) == (not filters):
        raise click.UsageError("give either an ID or --filter")
    wanted = _wanted(filters)
    if command_id is None and not wanted:
        raise click.UsageError("an empty filter would replay everything: name what to replay")
    with client() as cards:
        if command_id is not None:
            found = [cards.failed_command(command_id)]
        else:
            found = list(_matching(cards, wanted))
        found, left_out = _without_poison(found, poison)
        if left_out:
            click.echo(_LEFT_OUT.format(count=left_out), err=True)
            if command_id is not None:
                return Exit.NOT_DONE
        if not as_json:
            click.echo(_summary(Counter(one.code or "-" for one in found)) or "nothing matches")
        if dry_run or not found:
            if as_json:
                show_json({"matching": len(found)})
            return Exit.DONE
        if command_id is None and not yes:
            _ask(len(found))
        states = _replay_all(cards, [one.id for one in found])
    if as_json:
        show_json(dict(states))
    else:
        for state, count in states.most_common():
            click.echo(f"{count} {state}")
    return Exit.DONE


def _without_poison(found: list[FailedCommand], poison: bool) -> tuple[list[FailedCommand], int]:
    """The commands that may be replayed, and how many may not."""
    kept = [one for one in found if poison or one.code != _POISON]
    return kept, len(found) - len(kept)


def _replay_all(cards: CardCommands, ids: list[str]) -> Counter[str]:
    """Counts by resulting state; a command that was replayed meanwhile is no error."""
    from producer.client.errors import CommandNotFound, NotFailed, NotVouchedFor

    states: Counter[str] = Counter()
    for command_id in ids:
        try:
            states[cards.replay(command_id).value] += 1
        except NotFailed as error:
            states[f"already {error.state.value}"] += 1
        except CommandNotFound:
            states["gone"] += 1
        except NotVouchedFor as error:
            if len(ids) == 1:
                raise
            states[f"refused: {error.flaw.value}"] += 1
    return states


def _ask(count: int) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError(f"{count} would be replayed: add --yes, or --dry-run to look first")
    if not click.confirm(f"Replay {count}?", err=True):
        click.echo("nothing was replayed", err=True)
        raise Stopped(Exit.NOT_DONE)


def _wanted(filters: tuple[str, ...]) -> FailedFilter:
    from producer.contract.failed_filters import FailedFilter, is_filter

    wanted: dict[str, str] = {}
    for part in (part for one in filters for part in one.split(",") if part.strip()):
        name, _, value = (text.strip() for text in part.partition("="))
        if not is_filter(name) or not value or name in wanted:
            raise click.UsageError(
                "a filter is code=..., command=..., customer=... or tag.NAME=..., each once"
            )
        wanted[name] = value
    return FailedFilter.of(wanted)


def _matching(cards: CardCommands, wanted: FailedFilter) -> list[FailedCommand]:
    return [one for one in cards.failed() if wanted.matches(one.code, one.order, one.metadata)]


def _row(one: FailedCommand) -> str:
    from producer.cli.output import tags_shown
    from producer.contract.card_data.redaction import redact

    when = f"{one.failed_at:%Y-%m-%dT%H:%M:%SZ}"
    kind, customer = one.order.kind.value, one.order.customer
    line = f"{one.id}  {when}  {kind:<14}  {customer:<22}  {one.code}  {tags_shown(one.metadata)}"
    return redact(line.rstrip())


def _summary(codes: Counter[str]) -> str:
    if not codes:
        return ""
    return f"{codes.total()} failed: " + ", ".join(f"{n} {c}" for c, n in codes.most_common())
