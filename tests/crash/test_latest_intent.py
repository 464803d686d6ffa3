"""The newest intent wins, and never loses to an older one."""

from __future__ import annotations

import pytest

from producer.contract import Lane, State
from tests.crash.stage import Stage
from tests.crash.worker_process import wait_until

pytestmark = pytest.mark.crash


def waiting_for_a_retry(stage: Stage, customer: str) -> str:
    """A SetDefaultCard of the second card that Stripe sends away, and its fault's removal."""
    stage.stripe.add_fault(
        "status",
        status=429,
        code="lock_timeout",
        customer=f"^{customer}$",
        source="n2$",
        times=None,
    )
    older = stage.set_default(customer, 2, Lane.BULK)
    # From here its next try may be a while off, and is known not to have happened.
    wait_until(lambda: stage.status(older).attempts >= 2, "it is not tried again")
    return older


def test_newer_default_supersedes_one_that_is_retried(stage: Stage) -> None:
    """A newer default is applied without waiting for an older one, which is never applied."""
    customer = stage.customer()
    older = waiting_for_a_retry(stage, customer)
    newer = stage.set_default(customer, 1, Lane.BULK)
    stage.ended(newer, State.SUCCEEDED)
    found = stage.ended(older, State.SUPERSEDED)
    assert found.superseded_by == newer
    assert stage.applied(customer) == [newer]


def test_older_default_goes_on_where_the_newer_is_rejected(stage: Stage) -> None:
    """A newer default that Stripe refuses does not take the older one with it."""
    customer = stage.customer()
    older = waiting_for_a_retry(stage, customer)
    newer = stage.set_default(customer, 9, Lane.BULK)
    stage.ended(newer, State.REJECTED)
    assert not stage.status(older).ended
    stage.stripe.clear_faults()
    stage.ended(older, State.SUCCEEDED)
    assert stage.applied(customer) == [older]
