"""The sandbox's initial objects, which the documentation's examples use."""

from __future__ import annotations

from sandbox.objects import brands
from sandbox.objects.account import Account
from sandbox.objects.auto_created import CREATED
from sandbox.objects.cards import Card, CardFace, PaymentMethod, Source
from sandbox.objects.objects import Customer, Token

CUSTOMER = "cus_QRs9eKZ4xUzN2TP9"
CARD = "card_1QRs9eKZ4xUzN2TPabcdefgh"
SECOND_CARD = "card_1QRs9eKZ4xUzN2TPsecond02"
TOKEN = "tok_1QRs9eKZ4xUzN2TP9vQqWXYZ"  # noqa: S105 - a stand-in's token
PAYMENT_METHOD = "pm_1QRs9eKZ4xUzN2TPattach01"
SOURCE = "src_1QRs9eKZ4xUzN2TPsource01"


def plant(account: Account) -> None:
    """Add the initial objects; the second card is older, so lists begin with the first."""
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
