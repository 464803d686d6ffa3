"""Histories built step by step, for the tests of the checker."""

from __future__ import annotations

from typing import Any

from chaos.history import (
    ASSIGN,
    SET_DEFAULT,
    Customer,
    Effect,
    Failover,
    History,
    NemesisAct,
    Observation,
    Order,
    Request,
    Sending,
)

CUSTOMER = "cus_1"
CARD_A, CARD_B = "card_1n1", "card_1n2"


class Story:
    """Adds events to a history; its clock moves by a second with each event."""

    def __init__(self) -> None:
        self.history = History()
        self.history.add(Customer(CUSTOMER, (CARD_A, CARD_B), CARD_A))
        self.time = 1_000.0
        self._orders = 0

    def tick(self, seconds: float = 1.0) -> float:
        self.time += seconds
        return self.time

    def assign(self, id: str, source: str = "", **fields: Any) -> str:
        """An AssignCard that was accepted as `id`."""
        return self._accepted(id, self.order(ASSIGN, source or f"tok_{id}", **fields))

    def set_default(self, id: str, card: str = CARD_B, **fields: Any) -> str:
        """A SetDefaultCard that was accepted as `id`."""
        return self._accepted(id, self.order(SET_DEFAULT, card, **fields))

    def together(self, *accepted: tuple[str, str, str]) -> None:
        """Add orders (id, kind, object), all sent before any was answered."""
        orders = [(id, self.order(kind, object)) for id, kind, object in accepted]
        sent = self.tick()
        for id, order in orders:
            self.send(order, "accepted", id, sent=sent)

    def order(self, kind: str, object: str, *, customer: str = CUSTOMER, **fields: Any) -> Order:
        self._orders += 1
        order = Order(self._orders, kind, customer, object, **fields)
        self.history.add(order)
        return order

    def send(
        self, order: Order, outcome: Any, id: str | None = None, *, sent: float | None = None
    ) -> None:
        started_at = self.tick() if sent is None else sent
        self.history.add(Sending(order.number, started_at, self.tick(), outcome, id))

    def _accepted(self, id: str, order: Order) -> str:
        self.send(order, "accepted", id)
        return id

    def effect(
        self,
        id: str,
        *,
        key: str | None = None,
        object: str | None = None,
        customer: str = CUSTOMER,
        kind: str | None = None,
    ) -> None:
        """The command takes effect at Stripe."""
        order = self._order_of(id)
        if kind is None and order is not None:
            if order.kind == SET_DEFAULT:
                kind = f"{order.slot}.set"
            else:
                attached = order.object.startswith("pm_")
                kind = "payment_method.attached" if attached else "source.created"
        if object is None:
            object = order.object if order else f"card_of_{id}"
            object = f"card_of_{id}" if object.startswith("tok_") else object
        self.request(id, key=key, customer=customer, source=order.object if order else None)
        sequence = len(self.history.effects) + 1
        self.history.add(
            Effect(
                sequence,
                self.time - 0.25,
                kind or "source.created",
                customer,
                object,
                key or id,
                self.history.requests[-1].request_id,
            )
        )

    def request(
        self,
        id: str,
        *,
        key: str | None = None,
        customer: str = CUSTOMER,
        source: str | None = None,
        started: float | None = None,
        seconds: float | None = 0.5,
        replayed: bool = False,
        status: int = 200,
    ) -> None:
        """A write request reaches Stripe."""
        started_at = self.tick() - 0.5 if started is None else started
        self.history.add(
            Request(
                f"req_{len(self.history.requests) + 1}",
                "POST",
                customer,
                source,
                key or id,
                started_at,
                None if seconds is None else started_at + seconds,
                status,
                replayed,
            )
        )

    def observe(self, id: str, state: str, **fields: Any) -> None:
        """A caller asks for the command."""
        asked = fields.pop("asked", None) or self.tick()
        at = self.tick()
        if state in ("succeeded", "rejected", "superseded", "cancelled", "failed"):
            done = state == "succeeded"
            fields.setdefault("envelope", (done, None if done else "code", f"{id} {state}"))
        self.history.add(Observation(id, asked, at, state, **fields))

    def done(self, id: str) -> None:
        """The command takes effect and is observed as succeeded."""
        self.effect(id)
        self.observe(id, "succeeded")

    def kill(self, *held: str) -> None:
        self.history.add(NemesisAct(self.tick(), "worker killed", "worker1", held))

    def failover(self, seconds: float = 2.0) -> None:
        """Redis's primary is killed and replaced."""
        self.history.add(NemesisAct(self.tick(), "primary killed", "Redis"))
        self.history.add(Failover(self.tick(), "primary killed", 1, 2, seconds))

    def _order_of(self, id: str) -> Order | None:
        number = next((s.order for s in self.history.sendings if s.id == id), None)
        return None if number is None else self.history.orders[number]
