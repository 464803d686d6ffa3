"""On the way to signatures: keys are known, and what is not signed is taken."""

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


def test_what_is_not_signed_is_taken(lenient: Forging) -> None:
    """A bare message, and a command of a client without keys; the log tells of it."""
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


def test_what_is_signed_wrongly_is_not(lenient: Forging) -> None:
    """The message, and the row."""
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
    """While a worker lists both, whichever of them signs will do."""
    with CardCommands(strict.valkey.url, signing=Signing.of(*keys)) as cards:
        handle = cards.send(strict.order(strict.customer()))
    strict.ended(handle.id, State.SUCCEEDED)


def test_a_key_that_was_taken_off(strict: Forging) -> None:
    """What it signed is not taken any more."""
    customer = strict.customer()
    command, order = strict.journalled(customer, FOREIGN)
    strict.push(wake(order, command, SIGNING))
    strict.ended(command, State.REJECTED)
    assert strict.sent(customer) == []
