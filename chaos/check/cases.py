"""The history by command: its order, what callers observed of it, what Stripe did for it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from chaos.history import ASSIGN, Effect, History, Observation, Order, Request, Sending

# The effects that commands are for; effects that these cause ("implied") are not counted.
_OWN = frozenset(
    {
        "source.created",
        "payment_method.attached",
        "default_source.set",
        "default_payment_method.set",
    }
)
_NUMBERED = re.compile(r"(.+)-\d{1,3}")


@dataclass(slots=True)
class Case:
    """A command whose id a caller received, or that had an effect without that."""

    id: str
    order: Order | None = None
    sent: float = 0.0
    """When its order was first sent; it was not accepted before."""
    answered: float = 0.0
    """When a caller first received its id; it was accepted by then."""
    observations: list[Observation] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    @property
    def end(self) -> Observation | None:
        """The first observation of its end."""
        return min(
            (seen for seen in self.observations if seen.ended), key=lambda t: t.at, default=None
        )

    @property
    def state(self) -> str | None:
        """The end state in the latest observation."""
        return max(
            ((seen.at, seen.state) for seen in self.observations if seen.ended), default=(0.0, None)
        )[1]

    @property
    def succeeded(self) -> bool:
        return self.state == "succeeded"


class Cases:
    """All commands of a history."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.by_id: dict[str, Case] = {}
        self.ids_of: dict[int, list[str]] = defaultdict(list)
        self.sendings: dict[int, list[Sending]] = defaultdict(list)
        for sending in sorted(history.sendings, key=lambda s: s.sent):
            self.sendings[sending.order].append(sending)
        for number, sendings in self.sendings.items():
            for sending in sendings:
                if sending.id is not None and sending.outcome == "accepted":
                    self._accepted(history.orders[number], sending.id, sendings[0], sending)
        for seen in history.observations:
            self.by_id.setdefault(seen.id, Case(seen.id)).observations.append(seen)
        self.unreported: dict[str, Case] = {}
        for effect in history.effects:
            if effect.kind in _OWN and effect.key is not None:
                self._owner(effect.key).effects.append(effect)

    def _accepted(self, order: Order, id: str, first: Sending, sending: Sending) -> None:
        if id not in self.ids_of[order.number]:
            self.ids_of[order.number].append(id)
        case = self.by_id.setdefault(id, Case(id))
        if case.order is None:
            case.order, case.sent, case.answered = order, first.sent, sending.answered
        case.answered = min(case.answered, sending.answered)

    def _owner(self, key: str) -> Case:
        id = self.id_of(key)
        known = self.by_id.get(id)
        return known or self.unreported.setdefault(id, Case(id))

    def id_of(self, key: str) -> str:
        """The command of a key at Stripe: the key is its id, or its id and a number."""
        if key in self.by_id:
            return key
        numbered = _NUMBERED.fullmatch(key)
        return numbered[1] if numbered else key

    @property
    def accepted(self) -> list[Case]:
        return [case for case in self.by_id.values() if case.order is not None]

    @cached_property
    def requests_of(self) -> dict[str, list[Request]]:
        """The write requests at Stripe, by command."""
        found: dict[str, list[Request]] = defaultdict(list)
        for request in self.history.requests:
            if request.method == "POST" and request.key is not None:
                found[self.id_of(request.key)].append(request)
        return found

    def doable(self, case: Case) -> bool:
        """Whether Stripe would certainly do it, if the guaranteed order holds."""
        order = case.order
        if order is None or not order.doable:
            return False
        if order.object.startswith("tok_") and self._ordered[order.object] > 1:
            return False  # only one of the orders gets the token
        if order.needs is None:
            return True
        before = [self.by_id[id] for id in self.ids_of.get(order.needs, ())]
        return any(each.succeeded and each.answered < case.sent for each in before)

    @cached_property
    def _ordered(self) -> Counter[str]:
        return Counter(order.object for order in self.history.orders.values())

    def attached_before(self, case: Case, until: float) -> bool:
        """Whether its payment method or source was attached to its customer by any command."""
        order = case.order
        return order is not None and any(
            effect.customer == order.customer
            and effect.object == order.object
            and effect.time <= until
            for effect in self.history.effects
            if effect.kind in ("source.created", "payment_method.attached")
        )

    def was_default(self, case: Case, until: float) -> bool:
        """Whether its card was its slot's default at some moment from its sending to `until`."""
        order = case.order
        if order is None or order.kind == ASSIGN:
            return False
        customer = self.history.customers.get(order.customer)
        value = customer.default_source if customer and order.slot == "default_source" else None
        for effect in self._defaults[order.customer, order.slot]:
            if effect.time > case.sent and value == order.object:
                return True
            if effect.time > until:
                return False
            value = effect.object
        return value == order.object

    @cached_property
    def _defaults(self) -> dict[tuple[str | None, str | None], list[Effect]]:
        found: dict[tuple[str | None, str | None], list[Effect]] = defaultdict(list)
        for effect in sorted(self.history.effects, key=lambda e: e.sequence):
            slot, _, change = effect.kind.partition(".")
            if slot.startswith("default_") and change in ("set", "implied"):
                found[effect.customer, slot].append(effect)
        return found
