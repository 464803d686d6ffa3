"""`cards migrate verify`: read some rows back from Stripe and compare."""

from __future__ import annotations

from pathlib import Path

import click

from producer.cli.exits import Exit
from producer.cli.migrate.commands.report import file_argument
from producer.cli.migrate.control import json_option, migration_id
from producer.cli.migrate.file_options import data_folder

_SAMPLE = 100


@click.command()
@migration_id
@file_argument
@click.option(
    "--sample",
    metavar="N",
    type=click.IntRange(1, 10_000),
    default=_SAMPLE,
    show_default=True,
    help="How many rows; each costs a request at Stripe, two or more where a card was attached.",
)
@click.option("--seed", metavar="N", type=int, default=0, help="Another seed draws other rows.")
@json_option
def verify(migration: str, file: Path | None, sample: int, seed: int, as_json: bool) -> int:
    """Read the customers of N rows, drawn evenly, and show where Stripe differs.

    A difference may be a later change. Exits with 1 where something differs, 3 where a customer
    could not be read.
    """
    from producer.cli.migrate.environment import registry
    from producer.cli.output import show_json
    from producer.contract.card_data.redaction import redact
    from producer.migrations.after.verify import verify as compare
    from producer.migrations.report.snapshot import accounts_of
    from producer.migrations.run.setup import reopened

    read = differ = unread = 0
    with registry() as migrations:
        run = reopened(migrations, migration, file)
        accounts = accounts_of(migrations, run, data_folder())
        with accounts.results:
            for one in compare(
                migrations.journal, accounts, sample, seed=seed, signing=migrations.signing
            ):
                read += 1
                unread += one.unread
                differ += bool(one.differs) and not one.unread
                if one.differs and not as_json:
                    click.echo(redact(f"row {one.number:,}, {one.customer}: {one.differs}"))
    if as_json:
        show_json({"compared": read, "differ": differ, "unread": unread})
    else:
        click.echo(f"{read:,} customers compared, {differ:,} differ, {unread:,} could not be read")
    return Exit.NOT_DONE if differ else Exit.UNREACHABLE if unread else Exit.DONE
