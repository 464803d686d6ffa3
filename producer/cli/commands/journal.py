"""`cards journal`: the id by which a loss of Redis' data is noticed."""

from __future__ import annotations

import click

from producer.cli.exits import Exit


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def journal(as_json: bool) -> int:
    """Print the id of the journal at REDIS_URL, for CARDS_JOURNAL_ID.

    It is printed even if CARDS_JOURNAL_ID names another. Exits with 1 where there is none yet.
    """
    from producer.cli import environment
    from producer.cli.output import show_json
    from producer.journal import identity

    with environment.journal() as connection:
        found = connection(identity())
    if as_json:
        since = found and found.since and f"{found.since:%Y-%m-%dT%H:%M:%SZ}"
        show_json({"id": found and found.id, "since": since})
    elif found is None:
        click.echo("none yet: this database has not been used", err=True)
    else:
        click.echo(found.id)
    return Exit.DONE if found else Exit.NOT_DONE
