"""What the sandbox holds at the start, so that the documentation's examples work."""

from __future__ import annotations

import calendar
from typing import TYPE_CHECKING

from . import brands
from .cards import Card, CardFace, PaymentMethod, Source

if TYPE_CHECKING:
    from .account import Account, Customer

CUSTOMER = "cus_QRs9eKZ4xUzN2TP9"
CARD = "card_1QRs9eKZ4xUzN2TPabcdefgh"
SECOND_CARD = "card_1QRs9eKZ4xUzN2TPsecond02"
TOKEN = "tok_1QRs9eKZ4xUzN2TP9vQqWXYZ"  # noqa: S105 - a stand-in's token
PAYMENT_METHOD = "pm_1QRs9eKZ4xUzN2TPattach01"
SOURCE = "src_1QRs9eKZ4xUzN2TPsource01"
CREATED = calendar.timegm((2024, 12, 1, 10, 0, 0))


def plant(account: Account) -> None:
    """The seed; the second card is the older one, so that lists begin with the first."""
    from .account import Customer, Token

    customer = Customer(
        CUSTOMER,
        CREATED,
        email="john.doe@example.com",
        name="John Doe",
        phone="+1234567890",
        default_source=CARD,
    )
    cards = (
        (SECOND_CARD, CardFace(brands.MASTERCARD, 8, 2027, "John Doe"), CREATED + 60),
        (CARD, CardFace(brands.VISA, 12, 2026, "John Doe"), CREATED + 120),
    )
    for id, face, created in cards:
        customer.sources[id] = Card(id, face, CUSTOMER, created, account.order())
    account.customers[CUSTOMER] = customer
    visa = CardFace(brands.VISA)
    account.tokens[TOKEN] = Token(TOKEN, "card_1QRs9eKZ4xUzN2TPnewcard3", visa, CREATED)
    account.payment_methods[PAYMENT_METHOD] = PaymentMethod(
        PAYMENT_METHOD, visa, None, CREATED, account.order()
    )
    account.sources[SOURCE] = Source(SOURCE, visa, None, CREATED, account.order())


def auto_card_id(customer: str, number: int) -> str:
    """The id of an auto-created customer's card, `number` counting from 1."""
    return f"card_{customer.removeprefix('cus_')}n{number}"


def make_customer(account: Account, id: str, cards: int) -> Customer:
    """An auto-created customer with `cards` Visa cards, the first being the default."""
    from .account import Customer

    customer = Customer(id, CREATED)
    face = CardFace(brands.VISA)
    for number in range(1, cards + 1):
        card = Card(auto_card_id(id, number), face, id, CREATED, account.order())
        customer.sources[card.id] = card
    customer.default_source = next(iter(customer.sources), None)
    account.customers[id] = customer
    return customer
