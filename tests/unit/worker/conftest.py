"""Fixtures of the SetDefaultCard tests: a customer at an in-memory Stripe, and the handler."""

from __future__ import annotations

import pytest

from tests.unit.worker.attempts import CUSTOMER
from worker.handlers.set_default_card import SetDefaultCardHandler
from worker.stripe.fake_gateway import FakeGateway


@pytest.fixture
def fake() -> FakeGateway:
    """A customer with the default card_0, and also card_1 and pm_1."""
    fake = FakeGateway()
    fake.account.add_customer(CUSTOMER, cards=("card_0", "card_1"))
    fake.account.add_payment_method("pm_1", customer=CUSTOMER)
    fake.account.add_payment_method("pm_loose")
    return fake


@pytest.fixture
def handler(fake: FakeGateway) -> SetDefaultCardHandler:
    """The handler, on the fake."""
    return SetDefaultCardHandler(fake)
