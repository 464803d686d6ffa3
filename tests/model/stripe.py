"""The model's Stripe: one account, idempotency keys, requests that arrive at any time.

Which answers are saved under a key follows Stripe's docs (idempotent requests): all answers once
execution has started, also a 500; not a validation failure, a limiter's 429 or a 401.
"""

from __future__ import annotations

from typing import NamedTuple

from producer.contract import AssignCard, SetDefaultCard
from worker.ports import Failure, StripeAnswer, StripeError, StripeResult


class Request(NamedTuple):
    """A write under way. `fence` is the token of the attempt that waits for it, '' if none does."""

    command: int
    key: str
    fence: str


class World(NamedTuple):
    """Stripe's data: effects (command, key) in order, and answers saved under keys."""

    effects: tuple[tuple[int, str], ...] = ()
    saved: tuple[tuple[str, str], ...] = ()

    def answer_saved(self, key: str) -> str | None:
        """The answer to a repeated key."""
        return dict(self.saved).get(key)

    def happened(self, command: int) -> bool:
        """Whether the command took effect, under any key."""
        return any(command == of for of, _ in self.effects)

    def took_effect(self, request: Request) -> World:
        """The world after the request's effect."""
        return self._replace(effects=(*self.effects, (request.command, request.key)))

    def saves(self, key: str, answer: str) -> World:
        """The world with the answer saved under the key."""
        return self._replace(saved=tuple(sorted({**dict(self.saved), key: answer}.items())))


class Account:
    """The effects of the scenario's commands on a customer, who has some cards from the start."""

    def __init__(
        self, commands: tuple[AssignCard | SetDefaultCard, ...], attached: frozenset[str]
    ) -> None:
        self._commands = commands
        self._attached = attached

    def refusal(self, world: World, command: int) -> str | None:
        """The validation failure that Stripe answers; None if it would execute the request."""
        order = self._commands[command]
        if isinstance(order, SetDefaultCard):
            return None if order.card in self._cards(world) else "missing"
        spent = {self._commands[of].object_id for of, _ in world.effects}
        return "used" if order.object_id in spent else None

    def shows(self, world: World, command: int) -> bool:
        """Whether a lookup shows the command's effect: its card, or its default."""
        order = self._commands[command]
        if isinstance(order, AssignCard):
            return world.happened(command)
        by = self.set_by(world, command)
        return by is not None and self._commands[by].object_id == order.card

    def set_by(self, world: World, command: int) -> int | None:
        """The command that set the present default of this command's slot."""
        slot = _slot(self._commands[command])
        makers = (of for of, _ in reversed(world.effects) if _slot(self._commands[of]) == slot)
        return next(makers, None) if slot else None

    def _cards(self, world: World) -> frozenset[str]:
        orders = (self._commands[of] for of, _ in world.effects)
        return self._attached | {one.source for one in orders if isinstance(one, AssignCard)}


# Ways in which Stripe, or the network, fails a request for which an attempt waits.
FAULTS = {
    "the connection drops before it arrives": "dropped",
    "Stripe answers 429": "limited",
    "Stripe answers 401": "refused",
    "Stripe fails it with a 500 that it saves": "broken-before",
    "Stripe does it, then answers 500": "broken-after",
    "Stripe answers 402 processing_error": "processing",
    "Stripe does it, and the answer is lost": "lost-after",
}


def arrive(account: Account, world: World, request: Request) -> tuple[World, str]:
    """The request reaches Stripe without a fault: the world after it, and the answer."""
    saved = world.answer_saved(request.key)
    if saved is not None:
        return world, f"{saved} (replayed)"
    refusal = account.refusal(world, request.command)
    if refusal is not None:
        return world, refusal
    return world.took_effect(request).saves(request.key, "done"), "done"


def fail(account: Account, world: World, request: Request, how: str) -> tuple[World, str] | None:
    """The same with a fault; None if this fault cannot occur now."""
    if how in ("dropped", "limited", "refused"):
        return world, "silence" if how == "dropped" else how
    executes = world.answer_saved(request.key) is None and not account.refusal(
        world, request.command
    )
    if how == "lost-after":
        return arrive(account, world, request)[0], "silence"
    if not executes:
        return None
    match how:
        case "broken-before":
            return world.saves(request.key, "broken"), "broken"
        case "broken-after":
            return world.took_effect(request).saves(request.key, "broken"), "broken"
        case _:
            return world.saves(request.key, "processing"), "processing"


def result(answer: str, order: AssignCard | SetDefaultCard, command_id: str) -> StripeResult:
    """The answer as the gateway returns it to a handler."""
    code, replayed = answer.removesuffix(" (replayed)"), answer.endswith(" (replayed)")
    match code:
        case "silence":
            return StripeError(Failure.NO_ANSWER, "no answer")
        case "done" | "shown":
            return StripeAnswer(_body(order, command_id), replayed)
        case "not shown":
            return StripeAnswer({"id": "cus_1", "object": "customer", "data": []})
        case _:
            status, stripe_code = _ERRORS[code]
            error = StripeError(Failure.ANSWERED, code, status, code=stripe_code)
            return StripeError(Failure.ANSWERED, code, status, None, error.code, replayed=replayed)


_ERRORS = {
    "missing": (400, "resource_missing"),
    "used": (400, "token_already_used"),
    "limited": (429, "lock_timeout"),
    "refused": (401, None),
    "broken": (500, None),
    "processing": (402, "processing_error"),
}


def _slot(order: AssignCard | SetDefaultCard) -> str | None:
    return order.slot.value if isinstance(order, SetDefaultCard) else None


def _body(order: AssignCard | SetDefaultCard, command_id: str) -> dict[str, object]:
    card = {"id": order.object_id, "object": "card", "brand": "Visa", "last4": "4242"}
    if isinstance(order, AssignCard):
        ours = {**card, "metadata": {"command_id": command_id}}
        return {**ours, "data": [ours]}
    return {
        "id": "cus_1",
        "object": "customer",
        "default_source": order.card,
        "invoice_settings": {"default_payment_method": order.card},
    }
