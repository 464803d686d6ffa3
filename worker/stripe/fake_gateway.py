"""Stripe in memory, for tests of the gateway's users without HTTP or waiting."""

from __future__ import annotations

import asyncio
import copy
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from worker.ports import CardGateway, Failure, Permit, StripeAnswer, StripeError, StripeResult
from worker.stripe.fake_account import FakeAccount, refusal


@dataclass(frozen=True, slots=True)
class Effect:
    """One change, by the gateway's method that made it."""

    method: str
    customer: str
    object_id: str
    key: str
    command_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Scripted:
    error: StripeError
    after_effect: bool
    saved: bool


_OTHER_REQUEST = refusal(
    "Keys for idempotent requests can only be used with the same parameters they were first used "
    "with.",
    type="idempotency_error",
)


class FakeGateway(CardGateway):
    """Keeps Stripe's rules on idempotency keys, and with `account` those on tokens and cards.

    `effects` are the changes in order, `sent` the writes that reached Stripe. Every call yields to
    the event loop before and after it acts, so that concurrent callers interleave; between the
    check of the permit and the effect it does not yield.
    """

    def __init__(self) -> None:
        self.account = FakeAccount()
        self.effects: list[Effect] = []
        self.sent: list[Effect] = []
        self._saved: dict[str, tuple[Effect, StripeResult]] = {}
        self._scripted: defaultdict[str, deque[_Scripted]] = defaultdict(deque)

    def fail_next(
        self, method: str, error: StripeError, *, after_effect: bool = False, saved: bool = False
    ) -> None:
        """Let the next call of the method fail, before or after its effect.

        After the effect, an error that Stripe answered is saved under the key and replayed; if no
        answer came, the true answer is. `saved` also saves an error from before the effect.
        Several errors for one method happen one after the other.
        """
        self._scripted[method].append(_Scripted(error, after_effect, saved))

    def forget_keys(self) -> None:
        """As if all idempotency keys had expired."""
        self._saved.clear()

    async def attach_source(
        self, customer: str, token: str, *, command_id: str, key: str, permit: Permit
    ) -> StripeResult:
        return await self._write(
            Effect("attach_source", customer, token, key, command_id),
            lambda: self.account.attach_source(customer, token, command_id),
            permit,
        )

    async def attach_payment_method(
        self, customer: str, payment_method: str, *, key: str, permit: Permit
    ) -> StripeResult:
        return await self._write(
            Effect("attach_payment_method", customer, payment_method, key),
            lambda: self.account.attach_payment_method(customer, payment_method),
            permit,
        )

    async def set_default_source(
        self, customer: str, source: str, *, key: str, permit: Permit
    ) -> StripeResult:
        return await self._write(
            Effect("set_default_source", customer, source, key),
            lambda: self.account.set_default_source(customer, source),
            permit,
        )

    async def set_default_payment_method(
        self, customer: str, payment_method: str, *, key: str, permit: Permit
    ) -> StripeResult:
        return await self._write(
            Effect("set_default_payment_method", customer, payment_method, key),
            lambda: self.account.set_default_payment_method(customer, payment_method),
            permit,
        )

    async def customer(self, customer: str) -> StripeResult:
        return await self._read("customer", lambda: self.account.customer(customer))

    async def payment_method(self, payment_method: str) -> StripeResult:
        return await self._read(
            "payment_method", lambda: self.account.payment_method(payment_method)
        )

    async def sources(self, customer: str) -> StripeResult:
        return await self._read("sources", lambda: self.account.sources(customer))

    async def card_payment_methods(self, customer: str) -> StripeResult:
        return await self._read(
            "card_payment_methods", lambda: self.account.card_payment_methods(customer)
        )

    async def subscriptions(self, customer: str) -> StripeResult:
        return await self._read("subscriptions", lambda: self.account.subscriptions(customer))

    async def close(self) -> None:
        return None

    async def _read(self, method: str, found: Callable[[], StripeResult]) -> StripeResult:
        await asyncio.sleep(0)
        scripted = self._scripted[method]
        return scripted.popleft().error if scripted else copy.deepcopy(found())

    async def _write(
        self, request: Effect, execute: Callable[[], StripeResult], permit: Permit
    ) -> StripeResult:
        await asyncio.sleep(0)
        permit.check()
        waiting = self._scripted[request.method]
        result = self._answer(request, execute, waiting.popleft() if waiting else None)
        await asyncio.sleep(0)
        return result

    def _answer(
        self,
        request: Effect,
        execute: Callable[[], StripeResult],
        scripted: _Scripted | None,
    ) -> StripeResult:
        if scripted is None or scripted.error.failure is not Failure.NOT_SENT:
            self.sent.append(request)
        if scripted is not None and not scripted.after_effect:
            if scripted.saved:
                self._saved[request.key] = request, scripted.error
            return scripted.error
        result = self._once(request, execute)
        if scripted is None:
            return result
        if scripted.error.failure is Failure.ANSWERED:
            self._saved[request.key] = request, scripted.error
        return scripted.error

    def _once(self, request: Effect, execute: Callable[[], StripeResult]) -> StripeResult:
        saved = self._saved.get(request.key)
        if saved is not None:
            same = saved[0] == request
            return copy.deepcopy(replace(saved[1], replayed=True)) if same else _OTHER_REQUEST
        result = copy.deepcopy(execute())
        if isinstance(result, StripeAnswer):
            self.effects.append(request)
        self._saved[request.key] = request, copy.deepcopy(result)
        return result
