"""What a client refuses before it asks Redis, and how orders are cut into windows."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import producer
from producer import (
    AssignCard,
    CardCommands,
    CardNumberRefused,
    ParameterInvalid,
    ParameterMissing,
    Refusal,
    SetDefaultCard,
)
from producer.client.sending import WINDOW, Item, Window, checked_key
from producer.journal import Acceptance

# Nothing listens there; an order that is refused never finds out.
NOWHERE = "redis://127.0.0.1:1/0"
NUMBER = "4242424242424242"


@pytest.fixture
def cards() -> CardCommands:
    return CardCommands(NOWHERE)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"customer": "", "card": "card_1"}, ParameterMissing),
        ({"customer": "cus_1", "card": "tok_1"}, ParameterInvalid),
        ({"customer": "1", "card": "card_1"}, ParameterInvalid),
        ({"customer": "cus_1", "card": NUMBER}, CardNumberRefused),
        ({"customer": "cus_1", "card": f"card_{NUMBER}"}, CardNumberRefused),
        ({"customer": "cus_1", "card": "123"}, CardNumberRefused),
        ({"customer": "cus_1", "card": "card_1", "lane": "fast"}, ParameterInvalid),
        ({"customer": "cus_1", "card": "card_1", "idempotency_key": ""}, ParameterInvalid),
        ({"customer": "cus_1", "card": "card_1", "idempotency_key": "k" * 256}, ParameterInvalid),
        ({"customer": "cus_1", "card": "card_1", "idempotency_key": NUMBER}, CardNumberRefused),
    ],
)
def test_what_is_not_an_order_is_refused(
    cards: CardCommands, fields: dict[str, Any], refusal: type[Refusal]
) -> None:
    """A wrong field is refused before anything is sent, and the refusal does not repeat it."""
    with pytest.raises(refusal) as caught:
        cards.set_default(**fields)
    assert NUMBER not in str(caught.value)


def test_a_command_made_by_hand_is_looked_through_too(cards: CardCommands) -> None:
    """A command object that holds a card number is refused as its fields would be."""
    with pytest.raises(CardNumberRefused):
        cards.send(SetDefaultCard(customer="cus_1", card=f"card_{NUMBER}"))


@pytest.mark.parametrize("key", ["k", "k" * 255, "migration-7 row 12"])
def test_keys_within_bounds_pass(key: str) -> None:
    """Keys of 1 to 255 characters are taken as they are."""
    assert checked_key(key) == key


def test_tokens_are_not_in_representations() -> None:
    """Neither a command's nor a handle's repr shows the single-use token."""
    order = AssignCard(customer="cus_1", source="tok_secret")
    handle = producer.CommandHandle("an-id", order, False, CardCommands(NOWHERE))
    assert "secret" not in repr(order) + repr(handle)


def test_a_window_keeps_the_order_of_its_items() -> None:
    """Refused items stay at their place among the answered ones."""
    good = SetDefaultCard(customer="cus_1", card="card_1")
    items: list[Item] = [(good, "a"), (good, ""), good]
    window = Window(items, "bulk", "flow")
    assert len(window.calls) == 1
    outcomes = list(window.outcomes([[Acceptance("1"), Acceptance("2")]]))
    assert [item for item, _ in outcomes] == items
    first, refused, last = (outcome for _, outcome in outcomes)
    assert (first, last) == (Acceptance("1"), Acceptance("2"))
    assert isinstance(refused, ParameterInvalid)


def test_windows_are_bounded() -> None:
    """A round trip carries hundreds of commands, not a whole batch."""
    assert 100 <= WINDOW <= 1000


def test_every_exported_name_is_there() -> None:
    """Each name of `producer.__all__` can be imported from `producer`."""
    for name in producer.__all__:
        assert getattr(producer, name).__name__
    assert set(producer.__all__) <= set(dir(producer))
    with pytest.raises(AttributeError):
        _ = producer.no_such_name


def test_the_client_brings_no_stripe_and_no_worker() -> None:
    """Importing all of the client imports neither stripe nor the worker nor Celery."""
    code = (
        "import sys, producer\n"
        "for name in producer.__all__: getattr(producer, name)\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'stripe', 'worker', 'celery'}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
