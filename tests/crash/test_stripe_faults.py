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
    """A fault of Stripe, and the suffixes of the keys under which the command is then sent."""

    kind: Literal["status", "drop", "truncate", "garble"]
    when: Literal["before", "after"]
    keys: tuple[str, ...] = ("", "")
    status: int = 500
    code: str | None = None
    reason: str | None = None
    save: bool | None = None

    def __str__(self) -> str:
        shown = self.code or self.reason or (str(self.status) if self.kind == "status" else "")
        saved = " saved" if self.save else ""
        return f"{self.kind} {shown} {self.when}{saved}".replace("  ", " ")


# Stripe docs: error-low-level. A saved 500 is replayed, so it is seen twice; if the command had no
# effect it is sent under a further key.
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
    """After any single fault of Stripe both commands succeed, with one effect each.

    A further key is used only if it is known that nothing happened.
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
    """`token_already_used` is no refusal if the card at Stripe carries the command's id."""
    customer = stage.customer()
    hold = stage.hold(customer, "after")
    stage.stripe.add_fault("status", when="after", customer=f"^{customer}$", method="POST")
    command = stage.assign(customer, Lane.BULK)
    hold.wait()
    # Stripe has forgotten the key, as it may after a day, so it executes the request again.
    stage.stripe.configure(clock_offset=25 * 3600)
    hold.release()
    stage.ended(command, State.SUCCEEDED)
    stage.stripe.configure(clock_offset=0)
    assert len(stage.effects(command)) == 1
    assert len(stage.requests(command)) == 2


def test_token_used_by_somebody_else(stage: Stage) -> None:
    """`token_already_used` is a refusal if no card carries the command's id."""
    token = f"tok_shared{stage.customer()}"
    used, refused = (
        stage.client.assign(customer=stage.customer(), source=token, lane=Lane.BULK).wait(30)
        for _ in range(2)
    )
    assert used.status
    assert refused.code == "token_already_used"


def test_key_refused_for_a_while(stage: Stage) -> None:
    """While Stripe answers 401 or 403 no command is rejected or loses an attempt; then all end."""
    stage.stripe.configure(revoked_keys=["sk_test_crash"])
    commands = [stage.set_default(stage.customer(), lane=lane) for lane in Lane for _ in range(2)]
    wait_until(lambda: stage.journal(stopped()), "claiming does not stop")
    reason = stage.journal(stopped())
    assert reason is not None
    assert "Invalid API Key" in reason.message
    assert "sk_test_crash" not in reason.message
    stage.stripe.configure(revoked_keys=[], forbidden_keys=["sk_test_crash"])
    # One command tests from time to time whether the key works again.
    stage.stripe.wait_for_requests(stage.stripe.health()["requests"] + 1, 20)
    assert not any(stage.status(command).ended for command in commands)
    stage.stripe.configure(forbidden_keys=[])
    for command in commands:
        assert stage.ended(command, State.SUCCEEDED).attempts == 1
        assert len(stage.effects(command)) == 1
    assert stage.journal(stopped()) is None
