"""SetDefaultCard: make an attached card the customer's default."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from producer.contract import SetDefaultCard, Slot
from producer.contract.effective_default import SHADOWED_BY, shadow_of
from producer.contract.messages import Text
from producer.journal import JournalUnavailable
from producer.journal.migrations.records import NO_DEFAULT
from worker.handlers.attempt import Attempt, Terms
from worker.handlers.command_handler import ALREADY_SO, CommandHandler
from worker.handlers.concise_customer import concise
from worker.ports import StripeError, StripeResult
from worker.stripe.error_verdicts import says_missing, verdict_of_listing
from worker.verdicts import Rejected, Succeeded, TryAgain, Verdict


class SetDefaultCardHandler(CommandHandler):
    """Sets `default_source`, or for a `pm_` `invoice_settings.default_payment_method`.

    Succeeds with the Customer as Stripe returns it, sources expanded, without the `client_secret`
    of sources: no answer carries a secret. A bulk command succeeds with the fields that the
    contract names. A migration's command, which nobody waits for, succeeds with the ids of
    customer and card alone.
    """

    async def _send(self, attempt: Attempt) -> StripeResult:
        command = _command(attempt)
        if command.slot is Slot.DEFAULT_PAYMENT_METHOD:
            return await self._gateway.set_default_payment_method(
                command.customer, command.card, key=attempt.key, permit=attempt
            )
        return await self._gateway.set_default_source(
            command.customer, command.card, key=attempt.key, permit=attempt
        )

    async def look_up(self, attempt: Attempt) -> Succeeded | StripeError | None:
        command = _command(attempt)
        result = await self._gateway.customer(command.customer)
        if isinstance(result, StripeError):
            return None if says_missing(result) else result
        # A deleted customer is answered too, without any default.
        is_default = default_of(result.body, command.slot) == command.card
        return self._succeeded(result.body) if is_default else None

    async def _check_terms(self, attempt: Attempt, terms: Terms) -> Verdict | None:
        command = _command(attempt)
        if terms.newer:
            return _drifted("Another command has set the customer's default since")
        # A command that was checked may have been sent: it is sent again first, since a check now
        # would mistake its effect for a change by the customer. One never checked was not sent.
        if not terms.look_first or (attempt.unsettled and terms.checked):
            return None
        result = await self._gateway.customer(command.customer)
        if isinstance(result, StripeError):
            return verdict_of_listing(result)
        if result.body.get("deleted"):
            message = f"No such customer: '{command.customer}' was deleted"
            return Rejected("resource_missing", message, 404)
        before = default_of(result.body, command.slot)
        if before == command.card:
            return self.answer(attempt, self._succeeded(result.body), already_so=True)
        expected = terms.expected_default
        if expected is not None and expected != _current_default(result.body, command, expected):
            return _drifted("The customer's default is not the one that the file expects")
        return await _note_before(attempt, before or "")

    def answer(
        self, attempt: Attempt, succeeded: Succeeded, *, already_so: bool = False
    ) -> Succeeded:
        if attempt.terms is None:
            short = attempt.concise
            return replace(succeeded, data=concise(succeeded.data)) if short else succeeded
        command = _command(attempt)
        data: dict[str, Any] = {"id": command.customer, command.slot.value: command.card}
        if (shadow := shadow_of(command.slot, command.card, succeeded.data)) is not None:
            data[SHADOWED_BY] = shadow.wire()
        if already_so:
            return Succeeded(Text.ALREADY_SO, {**data, ALREADY_SO: True})
        return Succeeded(succeeded.text, data)

    def _succeeded(self, body: dict[str, Any]) -> Succeeded:
        sources = body.get("sources")
        if isinstance(sources, dict):
            shown = [_without_secret(source) for source in sources.get("data", [])]
            body = {**body, "sources": {**sources, "data": shown}}
        return Succeeded(Text.DEFAULT_SET, body)


def _command(attempt: Attempt) -> SetDefaultCard:
    if not isinstance(attempt.command, SetDefaultCard):
        raise TypeError(f"not a SetDefaultCard: {attempt.command.kind}")
    return attempt.command


def default_of(customer: dict[str, Any], slot: Slot) -> str | None:
    """The id of the slot's default, which Stripe returns as an id or, expanded, as an object."""
    if slot is Slot.DEFAULT_SOURCE:
        default = customer.get("default_source")
    else:
        default = (customer.get("invoice_settings") or {}).get("default_payment_method")
    return default.get("id") if isinstance(default, dict) else default


def _current_default(customer: dict[str, Any], command: SetDefaultCard, expected: str) -> str:
    """The default to compare with the file's: the one of the expected card's own kind."""
    if expected == NO_DEFAULT:
        found = next(filter(None, (default_of(customer, slot) for slot in Slot)), None)
        return found or NO_DEFAULT
    if not expected:
        return default_of(customer, command.slot) or ""
    is_method = expected.startswith("pm_")
    slot = Slot.DEFAULT_PAYMENT_METHOD if is_method else Slot.DEFAULT_SOURCE
    return default_of(customer, slot) or ""


def _drifted(message: str) -> Rejected:
    return Rejected("drifted", message, 409)


async def _note_before(attempt: Attempt, before: str) -> TryAgain | None:
    """Record the former default before anything changes; nothing is sent without the record."""
    if attempt.note_before is None:
        return None
    try:
        await attempt.note_before(before)
    except JournalUnavailable as error:
        return TryAgain("unavailable", str(error), uncertain=False)
    return None


def _without_secret(source: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in source.items() if name != "client_secret"}
