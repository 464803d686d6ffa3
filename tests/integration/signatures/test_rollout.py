"""The rollout of signatures: workers have keys, and accept unsigned commands."""

from __future__ import annotations

import pytest

from producer import CardCommands
from producer.contract import State
from producer.journal.operations.dead_letters import DeadReason
from producer.security.command_signatures import Signing
from tests.integration.signatures.forging import (
    FOREIGN,
    KEY,
    OLD_KEY,
    SIGNING,
    Forging,
    wake,
)

pytestmark = pytest.mark.crash


def test_unsigned_commands_are_accepted(lenient: Forging) -> None:
    """A bare message, and a command of a client without keys, are accepted and logged."""
    customer, since = lenient.customer(), len(lenient.one.log)
    fields = {"userId": customer, "default_source": lenient.card(customer)}
    asked = lenient.celery.send_task("SetDefaultCard", kwargs=fields, queue="interactive")
    assert asked.get(timeout=45)["status"] is True
    with CardCommands(lenient.valkey.url, sender="billing") as cards:
        order = lenient.order(lenient.customer())
        handle = cards.send(order)
        batch = [one.id for one in cards.send_many([order, order])]
    lenient.ended(handle.id, State.SUCCEEDED)
    for command in batch:
        lenient.ended(command, State.SUCCEEDED)
    lenient.one.wait_for_log(rf"{handle.id} \(sender billing\) is not signed", since)


def test_wrong_signatures_are_rejected(lenient: Forging) -> None:
    """Messages and rows with a wrong signature are rejected."""
    customer = lenient.customer()
    command, order = lenient.journalled(customer)
    lenient.push(wake(order, command, FOREIGN))
    lenient.letter(DeadReason.FORGED, command)
    lenient.change_row(command, card=lenient.card(customer, 1))
    lenient.push(wake(order, command))
    found = lenient.ended(command, State.REJECTED)
    assert found.result is not None
    assert found.result.code == "signature_invalid"
    assert lenient.sent(customer) == []


@pytest.mark.parametrize("keys", [(KEY,), (OLD_KEY,), (OLD_KEY, KEY), (KEY, OLD_KEY)])
def test_keys_are_rotated(strict: Forging, keys: tuple[str, ...]) -> None:
    """While a worker has both keys, either may sign."""
    with CardCommands(strict.valkey.url, signing=Signing.of(*keys)) as cards:
        handle = cards.send(strict.order(strict.customer()))
    strict.ended(handle.id, State.SUCCEEDED)


def test_a_removed_key(strict: Forging) -> None:
    """Signatures of a removed key are rejected."""
    customer = strict.customer()
    command, order = strict.journalled(customer, FOREIGN)
    strict.push(wake(order, command, SIGNING))
    strict.ended(command, State.REJECTED)
    assert strict.sent(customer) == []
