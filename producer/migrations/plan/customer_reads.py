"""Reads customers from Stripe through the workers."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import uuid4

from producer.contract import Lane, Slot
from producer.contract.effective_default import Shadow, shadow_of, shadow_read
from producer.journal import BlockingJournal, read_answer, request_customer
from producer.migrations.model.card_details import AttachedCard
from producer.security.command_signatures import UNSIGNED, Signing

# Concurrent reads: few, since they share the workers with commands.
_CONCURRENT = 8
_POLL_S = 0.05
# As `_KEEP_MS` of producer.journal.commands.reads: later no worker answers.
WITHIN_S = 25.0


@dataclass(frozen=True, slots=True)
class CustomerRead:
    """A customer as Stripe has it. `code` says why it could not be read; "" if it was.

    The code is `unavailable` if no worker answered or Stripe could not be read.
    """

    customer: str
    code: str = ""
    default_source: str | None = None
    default_payment_method: str | None = None
    cards: frozenset[str] | None = None  # None if they were not requested
    attached: tuple[AttachedCard, ...] | None = None  # None as `cards`, or from an older worker
    subscriptions: tuple[Shadow, ...] | None = None  # their own defaults; None if not read
    subscriptions_not_read: str = "not_asked"  # why not; "" if they were read

    def default(self, slot: Slot) -> str | None:
        """The default in a slot."""
        if slot is Slot.DEFAULT_SOURCE:
            return self.default_source
        return self.default_payment_method

    def shadows(self, slot: Slot, card: str) -> list[Shadow]:
        """Defaults that Stripe uses before the card in that slot, subscriptions' own first."""
        own = [one for one in self.subscriptions or () if one.card != card]
        settings = {"default_payment_method": self.default_payment_method}
        first = shadow_of(slot, card, {"invoice_settings": settings})
        return own if first is None else [*own, first]


def read_customers(
    journal: BlockingJournal,
    customers: Iterable[str],
    *,
    with_cards: bool = True,
    with_subscriptions: bool = False,
    signing: Signing = UNSIGNED,
) -> Iterator[CustomerRead]:
    """Read customers in order: one request each, and one or more for cards and subscriptions.

    Raises:
        JournalUnavailable: Redis is out of reach.
    """
    wanted = iter(customers)
    while batch := list(islice(wanted, _CONCURRENT)):
        requested = [(customer, str(uuid4())) for customer in batch]
        for customer, read_id in requested:
            journal(
                request_customer(
                    read_id,
                    customer,
                    with_cards=with_cards,
                    with_subscriptions=with_subscriptions,
                    signing=signing,
                )
            )
        deadline = time.monotonic() + WITHIN_S
        for customer, read_id in requested:
            yield _answered(journal, customer, read_id, deadline)


def read_now(
    journal: BlockingJournal, customer: str, *, within_s: float, signing: Signing = UNSIGNED
) -> CustomerRead:
    """Read one customer in the interactive lane, with subscriptions and without cards.

    Raises:
        JournalUnavailable: Redis is out of reach.
    """
    read_id = str(uuid4())
    call = request_customer(
        read_id,
        customer,
        with_cards=False,
        with_subscriptions=True,
        lane=Lane.INTERACTIVE,
        signing=signing,
    )
    journal(call)
    return _answered(journal, customer, read_id, time.monotonic() + within_s)


def _answered(
    journal: BlockingJournal, customer: str, read_id: str, deadline: float
) -> CustomerRead:
    while (answer := journal(read_answer(read_id))) is None:
        if time.monotonic() > deadline:
            return CustomerRead(customer, "unavailable")
        time.sleep(_POLL_S)
    return customer_read(customer, answer[1])


def customer_read(customer: str, envelope: dict[str, Any]) -> CustomerRead:
    """Convert a worker's answer."""
    if not envelope["status"]:
        return CustomerRead(customer, str(envelope["code"]))
    data: dict[str, Any] = envelope["data"]
    cards, attached, own = data["cards"], data.get("faces"), data.get("subscriptions")
    return CustomerRead(
        customer,
        "",
        data[Slot.DEFAULT_SOURCE.value],
        data[Slot.DEFAULT_PAYMENT_METHOD.value],
        None if cards is None else frozenset(cards),
        None if attached is None else tuple(AttachedCard.of(card) for card in attached),
        None if own is None else tuple(filter(None, map(shadow_read, own))),
        "" if own is not None else str(data.get("subscriptionsNotRead") or "not_asked"),
    )
