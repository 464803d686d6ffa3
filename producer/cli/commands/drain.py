"""`cards drain`: begin nothing more, and wait until nothing is at work."""

from __future__ import annotations

import time

import click

from producer.cli.exits import Exit
from producer.contract import Lane

_LOOK_S = 0.25
_REASON = "cards drain"


@click.command()
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="How long to wait for what is at work.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def drain(timeout: float, as_json: bool) -> int:
    """Pause both lanes, and return once no command is at work. Commands are accepted meanwhile.

    Exits with 4 where some still are at work when the time is over; the lanes stay paused. What is
    uncertain or to be tried again later is not waited for.
    """
    from producer.cli import environment
    from producer.cli.output import show_json
    from producer.journal import leased, pause_lane

    deadline = time.monotonic() + timeout
    with environment.journal() as journal:
        for lane in Lane:
            journal(pause_lane(lane, _REASON))
        told = -1
        while (at_work := journal(leased())) and time.monotonic() < deadline:
            if at_work != told and not as_json:
                click.echo(f"{at_work} at work", err=True)
                told = at_work
            time.sleep(_LOOK_S)
    if as_json:
        show_json({"drained": at_work == 0, "atWork": at_work})
    elif at_work:
        click.echo(f"not drained: {at_work} still at work; the lanes stay paused", err=True)
    else:
        click.echo("drained: nothing is at work")
        click.echo("go on with: cards resume-lane interactive; cards resume-lane bulk")
    return Exit.NOT_ENDED if at_work else Exit.DONE
