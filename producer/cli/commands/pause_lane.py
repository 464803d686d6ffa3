"""`cards pause-lane`: begin nothing more of a lane."""

from __future__ import annotations

import click

from producer.cli.exits import Exit
from producer.cli.lanes import LANE

_MOST_LETTERS = 200


@click.command()
@click.argument("lane", type=LANE)
@click.option("--reason", default="", metavar="TEXT", help="Why, for whoever finds it paused.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def pause_lane(lane: str, reason: str, as_json: bool) -> int:
    """Begin nothing more of the lane: its commands are accepted, and wait.

    What is at Stripe is finished, and what may have taken effect is found out. A customer's later
    commands of the other lane wait too, since a customer's commands keep their order. With the
    interactive lane, reads of cards stop as well.
    """
    from producer.cli import environment
    from producer.cli.output import show, show_json
    from producer.contract import Lane
    from producer.journal import pause_lane as paused

    words = " ".join(reason.split())[:_MOST_LETTERS]
    with environment.journal() as journal:
        pause = journal(paused(Lane(lane), words))
    since = f"{pause.since:%Y-%m-%dT%H:%M:%SZ}" if pause else ""
    if as_json:
        show_json({"lane": lane, "pausedSince": since, "reason": pause.reason if pause else ""})
    else:
        show([("paused", lane), ("since", since), ("resume", f"cards resume-lane {lane}")])
    return Exit.DONE
