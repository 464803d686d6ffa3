"""`cards pause-lane`: start no more commands of a lane."""

from __future__ import annotations

import click

from producer.cli.exits import Exit
from producer.cli.lanes import LANE

_MAX_REASON = 200


@click.command()
@click.argument("lane", type=LANE)
@click.option("--reason", default="", metavar="TEXT", help="Why, for those who find it paused.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def pause_lane(lane: str, reason: str, as_json: bool) -> int:
    """Start no more commands of LANE: they are accepted, and wait.

    Requests at Stripe are finished, and commands that may have taken effect are still resolved. A
    customer's later commands of the other lane wait too, since a customer's commands keep their
    order. Pausing the interactive lane also stops reads of cards.
    """
    from producer.cli import environment
    from producer.cli.output import show, show_json
    from producer.contract import Lane
    from producer.journal import pause_lane as paused

    text = " ".join(reason.split())[:_MAX_REASON]
    with environment.journal() as journal:
        pause = journal(paused(Lane(lane), text))
    since = f"{pause.since:%Y-%m-%dT%H:%M:%SZ}" if pause else ""
    if as_json:
        show_json({"lane": lane, "pausedSince": since, "reason": pause.reason if pause else ""})
    else:
        show([("paused", lane), ("since", since), ("resume", f"cards resume-lane {lane}")])
    return Exit.DONE
