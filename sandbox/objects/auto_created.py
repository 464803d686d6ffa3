"""Customers that are created when they are first read, if the settings say so."""

from __future__ import annotations

import calendar
from collections.abc import Callable

from sandbox.objects import brands
from sandbox.objects.cards import Card, CardFace
from sandbox.objects.objects import Customer

CREATED = calendar.timegm((2024, 12, 1, 10, 0, 0))


def auto_card_id(customer: str, number: int) -> str:
    """The id of an auto-created customer's card, `number` counting from 1."""
    return f"card_{customer.removeprefix('cus_')}n{number}"


def auto_customer(id: str, cards: int, order: Callable[[], int]) -> Customer:
    """A customer with `cards` Visa cards, the first being the default."""
    customer = Customer(id, CREATED)
    face = CardFace(brands.VISA)
    for number in range(1, cards + 1):
        card = Card(auto_card_id(id, number), face, id, CREATED, order())
        customer.sources[card.id] = card
    customer.default_source = next(iter(customer.sources), None)
    return customer
