"""The newest intent wins, and never loses to an older one."""

from __future__ import annotations

import pytest

from producer.contract import Lane, State
from tests.crash.stage import Stage
from tests.crash.worker_process import wait_until

pytestmark = pytest.mark.crash


def retried_default(stage: Stage, customer: str) -> str:
    """A SetDefaultCard of the second card that Stripe answers with 429 until faults are cleared."""
    stage.stripe.add_fault(
        "status",
        status=429,
        code="lock_timeout",
        customer=f"^{customer}$",
        source="n2$",
        times=None,
    )
    older = stage.set_default(customer, 2, Lane.BULK)
    # Its next attempt may be a while off, and it is known not to have taken effect.
    wait_until(lambda: stage.status(older).attempts >= 2, "it is not tried again")
    return older


def test_newer_default_supersedes_one_that_is_retried(stage: Stage) -> None:
    """A newer default is applied without waiting for an older one, which is never applied."""
    customer = stage.customer()
    older = retried_default(stage, customer)
    newer = stage.set_default(customer, 1, Lane.BULK)
    stage.ended(newer, State.SUCCEEDED)
    found = stage.ended(older, State.SUPERSEDED)
    assert found.superseded_by == newer
    assert stage.applied(customer) == [newer]


def test_older_default_is_applied_if_the_newer_is_rejected(stage: Stage) -> None:
    """A newer default that Stripe refuses does not supersede the older one."""
    customer = stage.customer()
    older = retried_default(stage, customer)
    newer = stage.set_default(customer, 9, Lane.BULK)
    stage.ended(newer, State.REJECTED)
    assert not stage.status(older).ended
    stage.stripe.clear_faults()
    stage.ended(older, State.SUCCEEDED)
    assert stage.applied(customer) == [older]
