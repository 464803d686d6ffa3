"""Stripe keeps an idempotency key for a day (its docs: idempotent requests)."""

from __future__ import annotations

from typing import Literal

import pytest

from producer.contract import Lane, State
from tests.crash.stage import Stage

pytestmark = pytest.mark.crash

_LONG_AGO_MS = (23 * 3600 + 60) * 1000


def unanswered_for_a_day(stage: Stage, customer: str, *, applied: bool) -> str:
    """A SetDefaultCard whose outcome has been unknown for 23 hours."""
    when: Literal["before", "after"] = "after" if applied else "before"
    hold = stage.hold(customer, when)
    # Without an effect the error must be saved to be answered after the stall.
    stage.stripe.add_fault("status", when=when, customer=f"^{customer}$", method="POST", save=True)
    command = stage.set_default(customer, lane=Lane.BULK)
    hold.wait()
    sent = int(stage.row(command)["sent"])
    stage.redis.hset(f"cards:command:{command}", "sent", sent - _LONG_AGO_MS)
    stage.stripe.configure(clock_offset=25 * 3600)
    hold.release()
    return command


@pytest.mark.parametrize(("applied", "state"), [(True, State.SUCCEEDED), (False, State.FAILED)])
def test_old_key_is_not_sent_again(stage: Stage, applied: bool, state: State) -> None:
    """After 23 hours the outcome is looked up, and the request is not sent again."""
    command = unanswered_for_a_day(stage, stage.customer(), applied=applied)
    found = stage.ended(command, state)
    stage.stripe.configure(clock_offset=0)
    assert found.attempts == 2
    assert len(stage.requests(command)) == 1
    assert len(stage.effects(command)) == int(applied)
