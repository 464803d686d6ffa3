"""`cards token`: tokens for callers of the HTTP API."""

from __future__ import annotations

import re

import click

from producer.cli.exits import Exit


@click.group()
def token() -> None:
    """Make tokens for the HTTP API. Redis is not needed."""


@token.command()
@click.argument("name")
@click.option(
    "--scopes", required=True, metavar="SCOPE,SCOPE",
    help="What its caller may do: send, read, migrate, operate.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def new(name: str, scopes: str, as_json: bool) -> int:
    """Print a new token, this once, and its entry for CARDS_API_TOKENS.

    The entry holds only the token's digest. NAME is the caller's name; logs show it.
    """
    from producer.cli.output import show_json
    from producer.security.api_tokens import Scope, hashed_entry, new_token

    try:
        wanted = [Scope(one.strip()) for one in re.split(r"[,+]", scopes)]
    except ValueError:
        known = ", ".join(scope.value for scope in Scope)
        raise click.BadParameter(f"scopes are {known}", param_hint="--scopes") from None
    made = new_token()
    try:
        entry = hashed_entry(name, wanted, made)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="NAME") from None
    if as_json:
        held = [scope.value for scope in Scope if scope in wanted]
        show_json({"name": name, "scopes": held, "token": made, "entry": entry})
        return Exit.DONE
    # `show` would redact the token.
    click.echo(f"token     {made}")
    click.echo(f"entry     {entry}")
    click.echo("The token is not shown again. The entry goes into CARDS_API_TOKENS.", err=True)
    return Exit.DONE
