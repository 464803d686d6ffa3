"""`cards drain`: pause both lanes, and wait until no command is running."""

from __future__ import annotations

import time

import click

from producer.cli.exits import Exit
from producer.contract import Lane

_POLL_S = 0.25
_REASON = "cards drain"


@click.command()
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="How long to wait for running commands.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def drain(timeout: float, as_json: bool) -> int:
    """Pause both lanes, and return once no command is running. Commands are still accepted.

    Exits with 4 where some still are running after the timeout; the lanes stay paused. Commands
    that are uncertain or to be retried later are not waited for.
    """
    from producer.cli import environment
    from producer.cli.output import show_json
    from producer.journal import leased, pause_lane

    deadline = time.monotonic() + timeout
    with environment.journal() as journal:
        for lane in Lane:
            journal(pause_lane(lane, _REASON))
        reported = -1
        while (running := journal(leased())) and time.monotonic() < deadline:
            if running != reported and not as_json:
                click.echo(f"{running} running", err=True)
                reported = running
            time.sleep(_POLL_S)
    if as_json:
        show_json({"drained": running == 0, "atWork": running})
    elif running:
        click.echo(f"not drained: {running} still running; the lanes stay paused", err=True)
    else:
        click.echo("drained: no command is running")
        click.echo("to resume: cards resume-lane interactive; cards resume-lane bulk")
    return Exit.NOT_ENDED if running else Exit.DONE
