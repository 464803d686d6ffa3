"""AssignCard: attach a tokenised card to a customer."""

from __future__ import annotations

from typing import Any

from producer.contract import AssignCard
from producer.contract.messages import Text
from worker.handlers.attempt import Attempt
from worker.handlers.card_faces import face_of
from worker.handlers.command_handler import ALREADY_SO, CommandHandler
from worker.ports import StripeError, StripeResult
from worker.stripe.error_verdicts import says_missing
from worker.verdicts import Succeeded


class AssignCardHandler(CommandHandler):
    """Attaches `tok_` and `src_` as card sources, `pm_` as payment methods.

    Succeeds with `cardId`, `brand` and `last4`. The brand is spelt as in card objects ("Visa"),
    also for a payment method, where Stripe spells it "visa".
    """

    async def _send(self, attempt: Attempt) -> StripeResult:
        command = _command(attempt)
        if command.source.startswith("pm_"):
            return await self._gateway.attach_payment_method(
                command.customer, command.source, key=attempt.key, permit=attempt
            )
        return await self._gateway.attach_source(
            command.customer,
            command.source,
            command_id=attempt.command_id,
            key=attempt.key,
            permit=attempt,
        )

    async def look_up(self, attempt: Attempt) -> Succeeded | StripeError | None:
        command = _command(attempt)
        if command.source.startswith("pm_"):
            result = await self._gateway.payment_method(command.source)
        else:
            result = await self._gateway.sources(command.customer)
        if isinstance(result, StripeError):
            return None if says_missing(result) else result
        held = [result.body] if command.source.startswith("pm_") else result.body["data"]
        ours = (body for body in held if _is_ours(body, command, attempt.command_id))
        return next((self._succeeded(body) for body in ours), None)

    def answer(
        self, attempt: Attempt, succeeded: Succeeded, *, already_so: bool = False
    ) -> Succeeded:
        # A used token is found by our command id alone, so only a payment method can have been
        # attached by somebody else before.
        if (
            attempt.terms is None
            or not already_so
            or not _command(attempt).source.startswith("pm_")
        ):
            return succeeded
        return Succeeded(Text.ALREADY_SO, {**succeeded.data, ALREADY_SO: True})

    def _succeeded(self, body: dict[str, Any]) -> Succeeded:
        face = face_of(body)
        data = {"cardId": body.get("id"), "brand": face["brand"], "last4": face["last4"]}
        return Succeeded(Text.CARD_ADDED, data)


def _command(attempt: Attempt) -> AssignCard:
    if not isinstance(attempt.command, AssignCard):
        raise TypeError(f"not an AssignCard: {attempt.command.kind}")
    return attempt.command


def _is_ours(body: dict[str, Any], command: AssignCard, command_id: str) -> bool:
    if command.source.startswith("pm_"):
        customer = body.get("customer")
        return (customer.get("id") if isinstance(customer, dict) else customer) == command.customer
    # A src_ keeps its id when attached; a tok_ becomes a card, known only by our metadata.
    metadata = body.get("metadata") or {}
    return metadata.get("command_id") == command_id or body.get("id") == command.source
