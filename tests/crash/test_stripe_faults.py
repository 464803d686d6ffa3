"""Stripe answers late, wrongly, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pytest

from producer.contract import Lane, State
from producer.journal import stopped
from tests.crash.stage import Stage
from tests.crash.worker_process import wait_until

pytestmark = pytest.mark.crash


@dataclass(frozen=True)
class Fault:
    """A fault of Stripe's, and the keys under which the command comes to it then."""

    kind: Literal["status", "drop", "truncate", "garble"]
    when: Literal["before", "after"]
    keys: tuple[str, ...] = ("", "")
    status: int = 500
    code: str | None = None
    reason: str | None = None
    save: bool | None = None

    def __str__(self) -> str:
        told = self.code or self.reason or (str(self.status) if self.kind == "status" else "")
        saved = " saved" if self.save else ""
        return f"{self.kind} {told} {self.when}{saved}".replace("  ", " ")


# Stripe docs: error-low-level. A saved 500 is replayed, so it is seen twice, and where nothing
# had happened the command goes out under a further key.
FAULTS = [
    Fault("drop", "before"),
    Fault("drop", "after"),
    Fault("truncate", "after"),
    Fault("garble", "after"),
    Fault("status", "before", status=500),
    Fault("status", "before", status=500, save=True, keys=("", "", "-2")),
    Fault("status", "after", status=500),
    Fault("status", "after", status=502),
    Fault("status", "before", status=409, code="lock_timeout"),
    Fault("status", "before", status=424),
    Fault("status", "before", status=429, reason="global-rate"),
    Fault("status", "before", status=429, code="lock_timeout"),
]


def add(stage: Stage, fault: Fault, customer: str, times: int = 1) -> None:
    fields: dict[str, Any] = {"status": fault.status, "code": fault.code, "reason": fault.reason}
    if fault.kind != "status":
        fields = {}
    stage.stripe.add_fault(
        fault.kind,
        when=fault.when,
        method="POST",
        customer=f"^{customer}$",
        save=fault.save,
        times=times,
        **fields,
    )


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_fault_ends_in_one_effect(stage: Stage, fault: Fault) -> None:
    """Whatever one answer of Stripe's is, both commands succeed, with one effect each.

    A further key is taken only where it is known that nothing happened.
    """
    commands = []
    for order in (stage.set_default, stage.assign):
        customer = stage.customer()
        add(stage, fault, customer)
        commands.append(order(customer, lane=Lane.BULK))
    for command in commands:
        stage.ended(command, State.SUCCEEDED)
        assert len(stage.effects(command)) == 1
        sent = [one["idempotency_key"] for one in stage.requests(command)]
        assert sent == [command + suffix for suffix in fault.keys]


def test_stall_past_the_timeout(stage: Stage) -> None:
    """A request that times out is settled before the customer's next command, by the same key."""
    slow, late = stage.customer(), stage.customer()
    before, after = stage.hold(late, "before"), stage.hold(slow, "after")
    first = {customer: stage.set_default(customer, 2, Lane.BULK) for customer in (slow, late)}
    before.wait()
    after.wait()
    then = {customer: stage.set_default(customer, 1, Lane.BULK) for customer in (slow, late)}
    stage.ended(first[slow], State.SUCCEEDED)
    stage.ended(then[slow], State.SUCCEEDED)
    assert stage.status(first[late]).state in (State.UNKNOWN, State.RUNNING)
    assert not stage.applied(late)
    before.release()
    stage.ended(first[late], State.SUCCEEDED)
    stage.ended(then[late], State.SUCCEEDED)
    for customer in (slow, late):
        assert stage.applied(customer) == [first[customer], then[customer]]


def test_token_used_by_our_own_lost_request(stage: Stage) -> None:
    """`token_already_used` is no refusal where the card at Stripe bears the command's id."""
    customer = stage.customer()
    hold = stage.hold(customer, "after")
    stage.stripe.add_fault("status", when="after", customer=f"^{customer}$", method="POST")
    command = stage.assign(customer, Lane.BULK)
    hold.wait()
    # Stripe has forgotten the key, as it may after a day, so the request is executed anew.
    stage.stripe.configure(clock_offset=25 * 3600)
    hold.release()
    stage.ended(command, State.SUCCEEDED)
    stage.stripe.configure(clock_offset=0)
    assert len(stage.effects(command)) == 1
    assert len(stage.requests(command)) == 2


def test_token_used_by_somebody_else(stage: Stage) -> None:
    """`token_already_used` is a refusal where no card bears the command's id."""
    token = f"tok_shared{stage.customer()}"
    used, refused = (
        stage.client.assign(customer=stage.customer(), source=token, lane=Lane.BULK).wait(30)
        for _ in range(2)
    )
    assert used.status
    assert refused.code == "token_already_used"


def test_key_refused_for_a_while(stage: Stage) -> None:
    """While Stripe answers 401 or 403 nothing is rejected or burnt, and it goes on by itself."""
    stage.stripe.configure(revoked_keys=["sk_test_crash"])
    commands = [stage.set_default(stage.customer(), lane=lane) for lane in Lane for _ in range(2)]
    wait_until(lambda: stage.journal(stopped()), "taking commands does not stop")
    reason = stage.journal(stopped())
    assert reason is not None
    assert "Invalid API Key" in reason.message
    assert "sk_test_crash" not in reason.message
    stage.stripe.configure(revoked_keys=[], forbidden_keys=["sk_test_crash"])
    # One of them finds out from time to time whether the key works again.
    stage.stripe.wait_for_requests(stage.stripe.health()["requests"] + 1, 20)
    assert not any(stage.status(command).ended for command in commands)
    stage.stripe.configure(forbidden_keys=[])
    for command in commands:
        assert stage.ended(command, State.SUCCEEDED).attempts == 1
        assert len(stage.effects(command)) == 1
    assert stage.journal(stopped()) is None
