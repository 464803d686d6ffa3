"""`cards send`: send a command, and wait for its outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from producer.cli.exits import Exit, Stopped
from producer.cli.lanes import LANE

if TYPE_CHECKING:
    from producer.client.sending import Order

_F = TypeVar("_F", bound=Callable[..., Any])
_WAIT_S = 10.0


@click.group()
def send() -> None:
    """Send a command."""


def _options(function: _F) -> _F:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the status as JSON."),
        click.option(
            "--wait", metavar="SECONDS", type=click.FloatRange(min=0), default=_WAIT_S,
            show_default=True, help="How long to wait for the outcome; 0 does not wait.",
        ),
        click.option(
            "--tag", "tags", metavar="NAME=VALUE", multiple=True,
            help="Metadata, shown with the status; may be repeated.",
        ),
        click.option("--key", metavar="KEY", help="Idempotency key: one key, one command."),
        click.option(
            "--lane", type=LANE, default="interactive",
            show_default=True, help="The queue to send it through.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


@send.command("set-default")
@click.argument("customer", metavar="CUSTOMER")
@click.argument("card", metavar="CARD")
@_options
def set_default(customer: str, card: str, **options: Any) -> int:
    """Make CARD (card_, src_ or pm_) the default of CUSTOMER (cus_)."""
    from producer.client.sending import set_default_order

    return _send(set_default_order(customer, card), **options)


@send.command("assign")
@click.argument("customer", metavar="CUSTOMER")
@click.argument("token", metavar="TOKEN")
@_options
def assign(customer: str, token: str, **options: Any) -> int:
    """Attach TOKEN (tok_, src_ or pm_) to CUSTOMER (cus_)."""
    from producer.client.sending import assign_order

    return _send(assign_order(customer, token), **options)


def _send(
    order: Order,
    *,
    lane: Literal["interactive", "bulk"],
    key: str | None,
    tags: tuple[str, ...],
    wait: float,
    as_json: bool,
) -> int:
    from producer.cli.commands.status import present
    from producer.cli.environment import client
    from producer.cli.output import show, show_json
    from producer.client.errors import Unavailable
    from producer.client.sending import checked_key

    checked_key(key)
    metadata = _metadata(tags)
    with client() as cards:
        handle = cards.send(order, lane=lane, idempotency_key=key, metadata=metadata)
        if not as_json:
            show([("known" if handle.known else "accepted", handle.id)])
        if wait == 0 and not as_json:
            return Exit.DONE
        try:
            status = cards.status(handle.id, wait=wait)
        except Unavailable as error:
            # The command was accepted all the same: its id must not be lost.
            if as_json:
                show_json({"taskId": handle.id, "state": None, "result": None})
            click.echo(f"cards: {handle.id} was accepted, then {error}", err=True)
            raise Stopped(Exit.DONE if wait == 0 else Exit.UNREACHABLE) from error
        return present(status, waited=wait > 0, as_json=as_json, brief=True)


def _metadata(tags: tuple[str, ...]) -> dict[str, str]:
    from producer.contract.metadata import parse_metadata

    found: dict[str, str] = {}
    for tag in tags:
        name, sign, value = tag.partition("=")
        if not sign or name in found:
            raise click.UsageError("a tag is NAME=VALUE, each name once")
        found[name] = value
    return parse_metadata(found)
