"""What an open command waits for."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from producer.contract import State


class Wait(StrEnum):
    """What must happen before the command proceeds."""

    STRIPE = "stripe"  # Stripe's answer: it is being attempted now
    TRUTH = "truth"  # a retry or lookup that shows whether it took effect
    KEY = "key"  # an API key that Stripe accepts
    LANE = "lane"  # its lane to be resumed
    EARLIER = "earlier"  # the end of an earlier command of the same customer
    NEXT_TRY = "next_try"  # the time of its next attempt
    WORKER = "worker"  # a free worker, within the rate limit
    NOTHING = "nothing"  # nothing: it has ended


def wait_of(
    state: str,
    *,
    first: bool,
    lane: str,
    paused: Collection[str],
    stopped: bool,
    due_later: bool,
) -> Wait:
    """What a command waits for. `first`: it is the first open command of its customer."""
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
