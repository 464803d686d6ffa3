"""`cards migrate plan`: what a run of a file would do."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from producer.cli.exits import Exit
from producer.cli.migrate.file_options import file_options, opened


@click.command()
@file_options
@click.option("--blind", is_flag=True, help="As in run: do not read each customer first.")
@click.option(
    "--rps",
    metavar="N",
    type=click.FloatRange(min=0, min_open=True),
    help="Also estimate the time at N rows a second.",
)
@click.option(
    "--errors",
    "errors",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the invalid rows to FILE, to be corrected and run.",
)
@click.option(
    "--undecided",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the customers whose card a person must choose to FILE.",
)
@click.option(
    "--check",
    metavar="N",
    type=click.IntRange(1, 1_000),
    help="Read N customers at Stripe, through the workers: two requests each.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def plan(
    blind: bool,
    rps: float | None,
    errors: Path | None,
    undecided: Path | None,
    check: int | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Check all of FILE (- is standard input) and say what a run of it would do.

    Nothing is sent. Where Redis can be reached, what an earlier run has done is shown too. Exits
    with 0 where every row can be sent or has nothing to send, 1 where some are invalid, 2 where
    the file is refused.
    """
    from producer.cli.environment import language
    from producer.cli.migrate.plan_context import looked_at
    from producer.cli.migrate.plan_output import keeping_line, present
    from producer.cli.output import show_json
    from producer.migrations.plan.estimate import limits_of
    from producer.migrations.plan.plan import make_plan
    from producer.migrations.report.errors_file import write_bad_rows
    from producer.migrations.report.undecided import of_plan, write_undecided
    from producer.migrations.texts.row_texts import plan_in
    from producer.settings import keeping_config

    if blind and options["expected"]:
        raise click.UsageError("--only-if-default-is reads each customer: leave --blind out")
    limits, keeping = limits_of(os.environ), keeping_config(os.environ)
    with TemporaryDirectory(prefix="cards-plan-") as folder:  # for a copy of standard input
        file = opened(**options, blind=blind, folder=Path(folder))
        with make_plan(
            file.source, file.mapping, file.conditions, blind=blind, on_progress=_progress()
        ) as made:
            if errors is not None:
                write_bad_rows(file.source, file.mapping, errors, language())
            context = looked_at(made, check)
            if undecided is not None:
                write_undecided(of_plan(made), undecided, context.seen)
            if as_json:
                show_json({**plan_in(made.wire(), language()), **context.wire()})
            else:
                present(
                    made,
                    rps=rps,
                    present_rate=context.rate,
                    more=[*_old(file.old_defaults), keeping_line(made, keeping), *context.lines()],
                    limits=limits,
                    errors=errors,
                )
            return Exit.NOT_DONE if made.invalid or made.ambiguous else Exit.DONE


def _old(summary: str) -> list[tuple[str, str]]:
    return [("old defaults", summary)] if summary else []


def _progress() -> Any:
    """Shows progress if standard error is a terminal."""
    if not sys.stderr.isatty():
        return None
    return lambda rows: click.echo(f"\r{rows:,} rows read\r", nl=False, err=True)
