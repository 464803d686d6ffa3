"""Which card Stripe charges for each default of a customer now, and which command set it.

An invoice is paid with the subscription's own default if one is set, else with
`invoice_settings.default_payment_method`, else with `default_source`. Stripe: "If neither are set,
invoices will use the customer's invoice_settings.default_payment_method or default_source"
(https://docs.stripe.com/api/subscriptions/object#subscription_object-default_payment_method), and
of the former: "the customer's default payment method for subscriptions and invoices"
(https://docs.stripe.com/api/customers/object#customer_object-invoice_settings-default_payment_method).
A charge that names no source uses `default_source`
(https://docs.stripe.com/api/charges/create#create_charge-customer).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from producer.contract import CommandKind, Slot, State
from producer.contract.effective_default import Shadow
from producer.explain.waits import Wait, wait_of
from producer.journal.commands.stripe_events import NotedEvent
from producer.journal.operations.customers import CommandSummary, CustomerRecord
from producer.migrations.plan.customer_reads import CustomerRead

PRECEDENCE = (Slot.DEFAULT_PAYMENT_METHOD, Slot.DEFAULT_SOURCE)
"""An invoice is paid with the first of these that is set."""


class Origin(StrEnum):
    """How the present default was set, as far as it is known here."""

    COMMAND = "command"  # a command set it
    FIRST_CARD = "first_card"  # Stripe set it, when a command attached the first card
    ELSEWHERE = "elsewhere"  # a command set another card, and the default was changed since
    NOT_KNOWN = "not_known"  # no command in the journal set it
    EMPTY = "empty"  # there is no default
    NOT_READ = "not_read"  # Stripe could not be read


@dataclass(frozen=True, slots=True)
class SlotNow:
    """One of the two defaults."""

    slot: Slot
    card: str | None
    invoiced: bool
    """Whether it pays the invoices of subscriptions without a default of their own."""
    origin: Origin
    command: CommandSummary | None
    """The command that set it; if it was changed elsewhere, the last command that was applied."""
    waiting: list[CommandSummary]
    """Commands that will set it, in their order."""
    shadowed_by: Sequence[Shadow] = ()
    """Defaults that take precedence and have another card; a subscription's for its invoices."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The explanation of a customer's defaults."""

    record: CustomerRecord
    read: CustomerRead | None
    """The customer as read at Stripe; None if no read was requested."""
    slots: list[SlotNow]
    events: Sequence[NotedEvent] = ()
    """Stripe's events about the customer's cards, the newest first."""

    @property
    def invoiced(self) -> SlotNow | None:
        """The default that invoices are paid with now."""
        return next((slot for slot in self.slots if slot.invoiced), None)

    def wait(self, at: int) -> Wait:
        """What the open command at that place of the order waits for."""
        command, record = self.record.unended[at], self.record
        next_attempt_at = command.next_attempt_at
        return wait_of(
            command.state,
            first=at == 0,
            lane=command.lane,
            paused=record.paused,
            stopped=record.stop is not None,
            due_later=next_attempt_at is not None and next_attempt_at > record.at,
        )


def explain(
    record: CustomerRecord, read: CustomerRead | None, events: Sequence[NotedEvent] = ()
) -> Explanation:
    """Combine the journal's record, what was read at Stripe, and Stripe's events."""
    readable = read is not None and not read.code
    cards = {slot: read.default(slot) if read and readable else None for slot in PRECEDENCE}
    charged = next((slot for slot in PRECEDENCE if cards[slot]), None)
    slots = []
    for slot in PRECEDENCE:
        card = cards[slot]
        if readable:
            origin, command = _origin(record, slot, card)
        else:
            origin, command = Origin.NOT_READ, _last_applied(record, slot)
        waiting = [command for command in record.unended if command.slot == slot.value]
        shadows = read.shadows(slot, card) if read and card else ()
        slots.append(SlotNow(slot, card, slot is charged, origin, command, waiting, shadows))
    return Explanation(record, read, slots, events)


def _origin(
    record: CustomerRecord, slot: Slot, card: str | None
) -> tuple[Origin, CommandSummary | None]:
    last = _last_applied(record, slot)
    if last is not None and last.card == card:
        return Origin.COMMAND, last
    attached = None
    if slot is Slot.DEFAULT_SOURCE and last is None:
        attached = next((ended for ended in record.ended if _attached(ended, card)), None)
    if attached is not None:
        return Origin.FIRST_CARD, attached
    if last is not None:
        return Origin.ELSEWHERE, last
    return (Origin.NOT_KNOWN, None) if card else (Origin.EMPTY, None)


def _last_applied(record: CustomerRecord, slot: Slot) -> CommandSummary | None:
    for command in record.ended:
        if command.slot == slot.value and command.state == State.SUCCEEDED:
            return command
    return None


def _attached(command: CommandSummary, card: str | None) -> bool:
    is_attached = command.command == CommandKind.ASSIGN_CARD and command.state == State.SUCCEEDED
    return is_attached and bool(card) and command.card == card
