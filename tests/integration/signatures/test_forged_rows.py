"""Forged and changed rows in the journal, at a worker that requires signatures."""

from __future__ import annotations

from uuid import uuid4

import pytest

from producer.contract import State
from producer.journal.operations.dead_letters import DeadReason
from producer.security.command_signatures import UNSIGNED
from tests.integration.signatures.forging import (
    FOREIGN,
    MAX_AGE_S,
    SIGNING,
    Forging,
    signed_ago,
    wake,
)

pytestmark = pytest.mark.crash


def refused(stage: Forging, command: str, code: str, reason: DeadReason) -> None:
    """It ends as rejected with 403, is counted and shown."""
    found = stage.ended(command, State.REJECTED)
    assert found.result is not None
    assert (found.result.code, found.http_status) == (code, 403)
    stage.letter(reason, command)


@pytest.mark.parametrize("field", ["card", "user"])
def test_a_row_with_another_card_or_customer(strict: Forging, field: str) -> None:
    """A valid message does not help a row that differs from what was signed."""
    customer, victim = strict.customer(), strict.customer("Victim")
    command, order = strict.journalled(customer)
    other = strict.card(customer, 1) if field == "card" else victim
    strict.change_row(command, **{field: other})
    if field == "user":
        strict.redis.zadd(f"cards:pending:{victim}", {command: 1})
    strict.push(wake(order, command, SIGNING))
    refused(strict, command, "signature_invalid", DeadReason.FORGED)
    assert strict.sent(customer) == []
    assert strict.sent(victim) == []


def test_a_row_written_by_an_attacker(strict: Forging) -> None:
    """A row that the sweep finds is rejected, unsigned or with another command's signature."""
    signed, _ = strict.journalled(strict.customer())
    theirs = strict.row(signed)["signature"]
    for signature, code, reason in (
        ("", "signature_missing", DeadReason.UNSIGNED),
        (theirs, "signature_invalid", DeadReason.FORGED),
    ):
        customer, command = strict.customer("Victim"), str(uuid4())
        row = {
            "kind": "SetDefaultCard",
            "user": customer,
            "card": strict.card(customer),
            "lane": "interactive",
            "slot": "default_source",
            "seq": "1",
            "accepted": "1",
            "state": "queued",
            "signature": signature,
        }
        strict.write_row(command, {name: value for name, value in row.items() if value})
        refused(strict, command, code, reason)
        assert strict.sent(customer) == []


@pytest.mark.parametrize("signing", [UNSIGNED, FOREIGN])
def test_a_row_signed_without_our_keys(strict: Forging, signing: object) -> None:
    """A row of a client without keys, or with other keys, is rejected."""
    customer = strict.customer()
    assert signing is UNSIGNED or signing is FOREIGN
    command, order = strict.journalled(customer, signing)
    strict.push(wake(order, command, SIGNING))
    if signing is UNSIGNED:
        refused(strict, command, "signature_missing", DeadReason.UNSIGNED)
    else:
        refused(strict, command, "signature_invalid", DeadReason.FORGED)
    assert strict.sent(customer) == []


def test_a_row_that_was_signed_too_long_ago(strict: Forging) -> None:
    """A row that ended and expired, and was written again with its signature, is rejected."""
    customer = strict.customer()
    with signed_ago(MAX_AGE_S + 60):
        command, order = strict.journalled(customer)
    row = strict.row(command)
    strict.push(wake(order, command, SIGNING))
    refused(strict, command, "signature_stale", DeadReason.STALE)
    strict.redis.delete(f"cards:command:{command}", f"celery-task-meta-{command}")
    strict.write_row(command, {**row, "tries": "1", "state": "queued"})
    assert strict.sent(customer) == []


def test_a_row_that_may_have_taken_effect(strict: Forging) -> None:
    """It does not end as if nothing had changed, and the operator cannot sign it again."""
    customer = strict.customer()
    command, order = strict.journalled(customer)
    strict.change_row(command, card=strict.card(customer, 1), unsettled=1)
    strict.push(wake(order, command, SIGNING))
    found = strict.ended(command, State.FAILED)
    assert found.result is not None
    assert found.result.code == "signature_invalid"
    strict.letter(DeadReason.FORGED, command)
    assert strict.sent(customer) == []
