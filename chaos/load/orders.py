"""Random orders: most are accepted by Stripe, some are refused, some depend on others."""

from __future__ import annotations

import random
from collections import defaultdict

from chaos.history import ASSIGN, SET_DEFAULT, Customer, Order
from chaos.options import Options

_DECLINED = (
    "tok_chargeDeclined",
    "tok_chargeDeclinedInsufficientFunds",
    "tok_chargeDeclinedExpiredCard",
    "tok_chargeDeclinedProcessingError",
)
_CARDS_EACH = 2


class Orders:
    """Draws orders for a fixed number of customers, reproducibly by seed."""

    def __init__(self, options: Options) -> None:
        self._draw = random.Random(f"orders {options.seed}")
        # Shorter than a card number: the product refuses what looks like one.
        self._run = f"{self._draw.randrange(16**6):06x}"
        self.customers = [self._customer(number) for number in range(options.customers)]
        self._attached: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self._tokens: list[str] = []
        self._burst: list[Customer] = []
        self._number = 0

    def _customer(self, number: int) -> Customer:
        name = f"chaos{self._run}c{number}"
        # The ids that the sandbox gives to the cards of auto-created customers (docs/sandbox.md).
        cards = tuple(f"card_{name}n{each}" for each in range(1, _CARDS_EACH + 1))
        return Customer(f"cus_{name}", cards, cards[0])

    def next(self) -> Order:
        """Draw an order. A few customers get many of them, some several in a row."""
        draw = self._draw
        self._number += 1
        customer = self._draw_customer()
        lane = "bulk" if draw.random() < 0.4 else "interactive"
        key = f"order-{self._run}-{self._number}" if draw.random() < 0.7 else None
        if draw.random() < 0.5:
            kind = ASSIGN
            object = self._to_attach(customer)
            doable, needs = object not in _DECLINED, None
            if doable and object.startswith("tok_"):
                self._tokens.append(object)
        else:
            kind = SET_DEFAULT
            object, doable, needs = self._to_set(customer)
        order = Order(self._number, kind, customer.id, object, lane, key, doable, needs)
        if kind == ASSIGN and object.startswith(("pm_", "src_")):
            self._attached[customer.id].append((object, self._number))
        return order

    def _draw_customer(self) -> Customer:
        draw = self._draw
        if not self._burst:
            some = len(self.customers) if draw.random() < 0.6 else max(1, len(self.customers) // 8)
            length = draw.randint(3, 8) if draw.random() < 0.15 else 1
            self._burst = [self.customers[draw.randrange(some)]] * length
        return self._burst.pop()

    def _to_attach(self, customer: Customer) -> str:
        draw = self._draw
        chance = draw.random()
        fresh = f"{self._run}o{self._number}x"
        if chance < 0.05:
            return draw.choice(_DECLINED)
        if chance < 0.09 and self._tokens:
            return draw.choice(self._tokens[-50:])
        if chance < 0.12 and self._attached[customer.id]:
            return draw.choice(self._attached[customer.id])[0]
        if chance < 0.30:
            return f"pm_{fresh}"
        if chance < 0.42:
            return f"src_{fresh}"
        return f"tok_{fresh}"

    def _to_set(self, customer: Customer) -> tuple[str, bool, int | None]:
        draw = self._draw
        chance = draw.random()
        if chance < 0.05:
            return f"card_{self._run}none", False, None
        if chance < 0.45 and self._attached[customer.id]:
            object, number = draw.choice(self._attached[customer.id][-4:])
            return object, True, number
        return draw.choice(customer.cards), True, None
