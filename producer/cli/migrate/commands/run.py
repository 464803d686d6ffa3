"""`cards migrate run`: send a file's rows, or continue a run."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from producer.cli.exits import Exit
from producer.cli.migrate.file_options import data_folder, file_options, opened

if TYPE_CHECKING:
    from producer.migrations.errors import JournalLost
    from producer.migrations.run.driver import Driver

_RATE = click.FloatRange(min=0, min_open=True)


def _failures(
    ctx: click.Context, option: click.Parameter, value: str | None
) -> tuple[int | None, float | None]:
    """A number of rows, as in `20`, or a share, as in `5%`."""
    if value is None:
        return None, None
    number, percent = value.strip().removesuffix("%"), value.strip().endswith("%")
    try:
        if percent and 0 < float(number) <= 100:
            return None, float(number)
        if not percent and int(number) > 0:
            return int(number), None
    except ValueError:
        pass
    raise click.BadParameter("a number of rows, as 20, or a share, as 5%", ctx, option)


@click.command()
@file_options
@click.option("--blind", is_flag=True, help="Do not read each customer before changing it.")
@click.option(
    "--dry-run", is_flag=True, help="Show what would be sent, as plan does; send nothing."
)
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="Send N more rows: a pilot.")
@click.option("--rps", metavar="N", type=_RATE, help="Send N rows a second at most.")
@click.option(
    "--stop-after-failures",
    "failures",
    metavar="N|P%",
    callback=_failures,
    help="Stop once N rows, or P % of those that ended, were rejected or failed.",
)
@click.option(
    "--continue-in-new-journal",
    "go_on",
    is_flag=True,
    help="If Redis has lost its data for good: send what is not recorded here as ended.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def run(
    blind: bool,
    dry_run: bool,
    limit: int | None,
    rps: float | None,
    failures: tuple[int | None, float | None],
    go_on: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Send the rows of FILE (- is standard input), each once, however often this is run.

    A run that was stopped or killed is continued, on another machine too. Exits with 0 where all
    rows are as the file says, 1 where some are not, 2 where the file is refused, 3 where Redis is
    out of reach, 4 where rows are left for another run, 5 where Redis has lost the data it had when
    rows were sent, 130 on Ctrl-C.
    """
    from producer.cli.migrate.environment import registry, sender
    from producer.cli.migrate.progress import ProgressOutput
    from producer.migrations.results.results_file import Results
    from producer.migrations.run.lost_journal import lost_here
    from producer.migrations.run.setup import Run

    if blind and options["expected"]:
        raise click.UsageError("--only-if-default-is reads each customer: leave --blind out")
    file = opened(**options, blind=blind)
    made = Run(file.source, file.mapping, file.conditions, blind, sender())
    progress = ProgressOutput(as_json)
    with registry() as migrations:
        loss = lost_here(migrations, data_folder(), made.id)
        if loss is not None and not go_on:
            raise loss
        if dry_run:
            return _dry_run(made, migrations, loss, as_json)
        if loss is not None:
            made.enter_again(migrations, data_folder(), rps=rps, on_progress=progress.planned)
            progress.carried(loss, skips=file.conditions.skip_if_newer)
        created = made.enter(migrations, rps=rps, on_progress=progress.planned)
        if rps is not None and not created:
            migrations.throttle(made.id, rps)
        progress.begins(migrations.status(made.id), created)
        stop_after, stop_percent = failures
        with Results.of(data_folder(), made.id) as results:
            driver = made.driver(
                migrations,
                results,
                limit=limit,
                stop_after=stop_after,
                stop_after_percent=stop_percent,
                on_progress=progress.progress,
            )
            with interrupting(driver) as interrupted:
                ended = driver.run()
        if interrupted():
            progress.line("stopped; run it again to continue")
            return Exit.INTERRUPTED if interrupted() == signal.SIGINT else Exit.NOT_ENDED
        return progress.ends(migrations.status(made.id), ended)


def _dry_run(made: Any, migrations: Any, loss: JournalLost | None, as_json: bool) -> int:
    from producer.cli.environment import language
    from producer.cli.migrate.plan_output import present
    from producer.cli.output import show_json
    from producer.migrations.model.rows import RowState
    from producer.migrations.plan.plan import make_plan
    from producer.migrations.texts.row_texts import plan_in

    known = migrations.find(made.id)
    pending = known.counts.get(RowState.PENDING, 0) if known else None
    with make_plan(made.source, made.mapping, made.conditions, blind=made.blind) as plan:
        left = plan.to_send if pending is None else pending
        if loss is not None and pending is None:
            left -= loss.recorded
        if as_json:
            show_json({**plan_in(plan.wire(), language()), "wouldSend": left, "dryRun": True})
        else:
            present(plan, more=[("would send", f"{left:,} rows (nothing was sent)")])
        return Exit.NOT_DONE if plan.invalid or plan.ambiguous else Exit.DONE


@contextmanager
def interrupting(driver: Driver) -> Iterator[Callable[[], int]]:
    """End the driver cleanly on SIGINT and SIGTERM; yields which one came, 0 for none."""
    received = 0

    def stop(signum: int, _frame: object) -> None:
        nonlocal received
        received = signum
        driver.stop()

    before = {one: signal.signal(one, stop) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: received
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
