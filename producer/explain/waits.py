"""What a command that has not ended waits for."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from producer.contract import State


class Wait(StrEnum):
    """What has to come before the command goes on."""

    STRIPE = "stripe"  # nothing: it is at Stripe now
    TRUTH = "truth"  # it is found out whether Stripe did it
    KEY = "key"  # a key that Stripe takes
    LANE = "lane"  # its lane to be resumed
    EARLIER = "earlier"  # an earlier command of the same customer
    NEXT_TRY = "next_try"  # the time of its next try
    WORKER = "worker"  # a worker that is free, within the rate limit
    NOTHING = "nothing"  # it has ended


def wait_of(
    state: str,
    *,
    first: bool,
    lane: str,
    paused: Collection[str],
    stopped: bool,
    due_later: bool,
) -> Wait:
    """What it waits for. `first`: it is the first of its customer's unended ones."""
    try:
        known = State(state)
    except ValueError:
        return Wait.WORKER
    if known.ended:
        return Wait.NOTHING
    for wait, holds in (
        (Wait.STRIPE, known is State.RUNNING),
        (Wait.TRUTH, known is State.UNKNOWN and not stopped),
        (Wait.KEY, stopped),
        (Wait.LANE, lane in paused),
        (Wait.EARLIER, not first and not due_later),
        (Wait.NEXT_TRY, due_later),
    ):
        if holds:
            return wait
    return Wait.WORKER
