"""`cards resume-lane`: resume a paused lane."""

from __future__ import annotations

import click

from producer.cli.exits import Exit
from producer.cli.lanes import LANE


@click.command()
@click.argument("lane", type=LANE)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def resume_lane(lane: str, as_json: bool) -> int:
    """Resume LANE. Exits with 0 even if it was not paused."""
    from producer.cli import environment
    from producer.cli.output import show, show_json
    from producer.contract import Lane
    from producer.journal import resume_lane as resumed

    with environment.journal() as journal:
        was_paused = journal(resumed(Lane(lane)))
    if as_json:
        show_json({"lane": lane, "wasPaused": was_paused})
    else:
        show([("resumed" if was_paused else "was not paused", lane)])
    return Exit.DONE
