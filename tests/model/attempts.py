"""Attempts by the product's own handlers, verdicts and outcomes, one Stripe call at a time.

A handler is a coroutine and cannot be stored half-way. So it is run from its start with the answers
it got so far, up to the first call without an answer.
"""

from __future__ import annotations

import random
from enum import StrEnum
from functools import cache
from typing import NamedTuple, TypeAlias

from producer.contract import AssignCard, Envelope, SetDefaultCard
from producer.journal import ClaimingStopped, End, Grant, Retry
from tests.model.mini_redis import NOW_MS
from tests.model.stripe import result
from worker.execution.outcomes import Outcomes
from worker.handlers.assign_card import AssignCardHandler
from worker.handlers.attempt import Attempt
from worker.handlers.set_default_card import SetDefaultCardHandler
from worker.ports import CardGateway, Permit, StripeResult

Outcome: TypeAlias = End | Retry | ClaimingStopped


class Wants(StrEnum):
    """The next request of an attempt to Stripe."""

    WRITE = "write"
    READ = "read"


class AttemptInput(NamedTuple):
    """The parts of a grant on which an attempt depends."""

    command: int
    fence: str
    key: str
    unsettled: bool
    look: bool
    busy: int
    faults: int
    may_send: bool


class _NotThereYet(BaseException):
    """The handler makes a request that has no answer yet."""

    def __init__(self, wants: Wants) -> None:
        self.wants = wants
        super().__init__(wants)


class _Recorded(CardGateway):
    """A gateway that answers with the answers so far."""

    def __init__(self, answers: list[StripeResult]) -> None:
        self._answers = answers

    async def attach_source(
        self, customer: str, token: str, *, command_id: str, key: str, permit: Permit
    ) -> StripeResult:
        return self._next(Wants.WRITE)

    async def attach_payment_method(
        self, customer: str, payment_method: str, *, key: str, permit: Permit
    ) -> StripeResult:
        return self._next(Wants.WRITE)

    async def set_default_source(
        self, customer: str, source: str, *, key: str, permit: Permit
    ) -> StripeResult:
        return self._next(Wants.WRITE)

    async def set_default_payment_method(
        self, customer: str, payment_method: str, *, key: str, permit: Permit
    ) -> StripeResult:
        return self._next(Wants.WRITE)

    async def customer(self, customer: str) -> StripeResult:
        return self._next(Wants.READ)

    async def payment_method(self, payment_method: str) -> StripeResult:
        return self._next(Wants.READ)

    async def sources(self, customer: str) -> StripeResult:
        return self._next(Wants.READ)

    async def card_payment_methods(self, customer: str) -> StripeResult:
        return self._next(Wants.READ)

    async def subscriptions(self, customer: str) -> StripeResult:
        return self._next(Wants.READ)

    async def close(self) -> None:
        return None

    def _next(self, wants: Wants) -> StripeResult:
        if not self._answers:
            raise _NotThereYet(wants)
        return self._answers.pop(0)


class _NoChance(random.Random):
    """Fixed randomness, since delays do not matter here: a retry may become due at any time."""

    def uniform(self, a: float, b: float) -> float:
        return 1.0


class Attempts:
    """Attempts of a scenario's commands."""

    def __init__(self, commands: tuple[AssignCard | SetDefaultCard, ...], ids: list[str]) -> None:
        self._commands = commands
        self._ids = ids
        self._outcomes = Outcomes("en", 90_000, _NoChance())
        self.next = cache(self._next)

    def _next(self, granted: AttemptInput, answers: tuple[str, ...]) -> Wants | Outcome:
        """The next request of the attempt, or its outcome."""
        order, command_id = self._commands[granted.command], self._ids[granted.command]
        gateway = _Recorded([result(answer, order, command_id) for answer in answers])
        handler = (AssignCardHandler if isinstance(order, AssignCard) else SetDefaultCardHandler)(
            gateway
        )
        attempt = Attempt(
            command=order,
            command_id=command_id,
            key=granted.key,
            number=1,
            unsettled=granted.unsettled,
            may_send=granted.may_send,
            look_up_first=granted.look,
        )
        work = handler.carry_out(attempt)
        try:
            work.send(None)
        except _NotThereYet as asked:
            return asked.wants
        except StopIteration as done:
            return self._outcomes.of(self.grant(granted), done.value)
        raise AssertionError("handlers of the model never wait")

    def raised(self, granted: AttemptInput) -> Outcome:
        """The outcome if the handler raised."""
        return self._outcomes.fault(self.grant(granted), RuntimeError("raised"))

    def poison(self, granted: AttemptInput) -> Outcome:
        """The outcome if the attempt killed its process."""
        return self._outcomes.poison(self.grant(granted), "killed by SIGKILL")

    def cancelled(self) -> Envelope:
        """The envelope of a cancelled command."""
        return self._outcomes.cancelled()

    def grant(self, granted: AttemptInput) -> Grant:
        """The product's grant, with the fields on which outcomes depend."""
        order = self._commands[granted.command]
        row = {
            "user": order.customer,
            "kind": order.kind.value,
            "card": order.object_id,
            "lane": "interactive",
            "started": str(NOW_MS),
            "sent": str(NOW_MS),
            "tries": "1",
            "busy": str(granted.busy),
            "faults": str(granted.faults),
        }
        return Grant(self._ids[granted.command], granted.fence, 0, NOW_MS, row)
