"""Which card each default of a customer makes Stripe charge now, and which command set it.

An invoice is paid with the subscription's own default where one is set. Then with
`invoice_settings.default_payment_method`, then with `default_source`. Stripe: "If neither are set,
invoices will use the customer's invoice_settings.default_payment_method or default_source"
(https://docs.stripe.com/api/subscriptions/object#subscription_object-default_payment_method), and
of the former: "the customer's default payment method for subscriptions and invoices"
(https://docs.stripe.com/api/customers/object#customer_object-invoice_settings-default_payment_method).
A charge that names no source is of `default_source`
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
from producer.journal.operations.customers import CustomerRecord, Told
from producer.migrations.plan.customer_reads import CustomerRead

PRECEDENCE = (Slot.DEFAULT_PAYMENT_METHOD, Slot.DEFAULT_SOURCE)
"""The first that is set is what an invoice is paid with."""


class Origin(StrEnum):
    """How a default came to be what it is now, as far as is known here."""

    COMMAND = "command"  # a command set it
    FIRST_CARD = "first_card"  # Stripe did, when a command attached the first card
    ELSEWHERE = "elsewhere"  # commands set another one: somebody else has changed it since
    NOT_KNOWN = "not_known"  # no command that is still known has set it
    EMPTY = "empty"  # there is none
    NOT_READ = "not_read"  # Stripe could not be asked


@dataclass(frozen=True, slots=True)
class SlotNow:
    """One of the two defaults."""

    slot: Slot
    card: str | None
    invoiced: bool
    """Whether invoices without a default of their subscription are paid with it."""
    origin: Origin
    command: Told | None
    """The command that set it; where it was changed elsewhere, the last that was applied here."""
    waiting: list[Told]
    """Commands that will set it, in their order."""
    shadowed_by: Sequence[Shadow] = ()
    """Defaults that come before it and hold another card; a subscription's for its invoices."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is told of a customer."""

    record: CustomerRecord
    read: CustomerRead | None
    """None where nobody was asked."""
    slots: list[SlotNow]
    events: Sequence[NotedEvent] = ()
    """What Stripe told of the customer's cards, the newest first."""

    @property
    def invoiced(self) -> SlotNow | None:
        """What invoices are paid with now."""
        return next((one for one in self.slots if one.invoiced), None)

    def wait(self, at: int) -> Wait:
        """What the unended command of that place in the line waits for."""
        one, record = self.record.unended[at], self.record
        return wait_of(
            one.state,
            first=at == 0,
            lane=one.lane,
            paused=record.paused,
            stopped=record.stop is not None,
            due_later=one.next_attempt_at is not None and one.next_attempt_at > record.at,
        )


def explain(
    record: CustomerRecord, read: CustomerRead | None, events: Sequence[NotedEvent] = ()
) -> Explanation:
    """Put together what the journal has, what Stripe answers and what it told of by events."""
    there = read is not None and not read.code
    cards = {slot: read.default(slot) if read and there else None for slot in PRECEDENCE}
    charged = next((slot for slot in PRECEDENCE if cards[slot]), None)
    slots = []
    for slot in PRECEDENCE:
        origin, command = _origin(record, slot, cards[slot]) if there else (Origin.NOT_READ, None)
        if origin is Origin.NOT_READ:
            command = _last_applied(record, slot)
        waiting = [one for one in record.unended if one.slot == slot.value]
        card = cards[slot]
        shadows = read.shadows(slot, card) if read and card else ()
        slots.append(SlotNow(slot, card, slot is charged, origin, command, waiting, shadows))
    return Explanation(record, read, slots, events)


def _origin(record: CustomerRecord, slot: Slot, card: str | None) -> tuple[Origin, Told | None]:
    last = _last_applied(record, slot)
    if last is not None and last.card == card:
        return Origin.COMMAND, last
    attached = None
    if slot is Slot.DEFAULT_SOURCE and last is None:
        attached = next((one for one in record.ended if _attached(one, card)), None)
    if attached is not None:
        return Origin.FIRST_CARD, attached
    if last is not None:
        return Origin.ELSEWHERE, last
    return (Origin.NOT_KNOWN, None) if card else (Origin.EMPTY, None)


def _last_applied(record: CustomerRecord, slot: Slot) -> Told | None:
    for one in record.ended:
        if one.slot == slot.value and one.state == State.SUCCEEDED:
            return one
    return None


def _attached(one: Told, card: str | None) -> bool:
    is_attached = one.command == CommandKind.ASSIGN_CARD and one.state == State.SUCCEEDED
    return is_attached and bool(card) and one.card == card
