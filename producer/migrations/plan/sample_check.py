"""Checks a sample of a file's customers at Stripe before anything is sent."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum

from producer.contract import SetDefaultCard, Slot
from producer.journal import BlockingJournal
from producer.migrations.model.rows import BadRow, Repair, Row, RowState
from producer.migrations.plan.customer_reads import CustomerRead, read_customers
from producer.migrations.plan.repairs import SEVERAL, LeftAlone, decide
from producer.security.command_signatures import UNSIGNED, Signing


class Found(StrEnum):
    """What would happen to a row, given its customer's present state."""

    WOULD_BE_APPLIED = "would be applied"
    ALREADY_SO = "already so"
    DRIFTED = "drifted: the default is not what the file expects"
    NO_CUSTOMER = "no such customer"
    NO_CARD = "the card is not attached to the customer"
    AMBIGUOUS = "ambiguous: several cards, and none is the default"
    NONE_USABLE = "without a default and without a usable card"
    UNREAD = "could not be read"
    # Notes, counted in addition to what would happen.
    SHADOWED = "as the file says, but another default comes first and is charged"
    SUBSCRIPTIONS_UNREAD = "of whose customer the key may not read subscriptions, or they were not"


NOTES = (Found.SHADOWED, Found.SUBSCRIPTIONS_UNREAD)
"""Counted in addition to what would happen to the row."""

_SET = (Found.WOULD_BE_APPLIED, Found.ALREADY_SO)


def check_sample(
    journal: BlockingJournal,
    rows: Iterable[Row | BadRow],
    size: int,
    *,
    seed: int = 0,
    signing: Signing = UNSIGNED,
) -> Counter[Found]:
    """Check the customers of `size` random rows: three requests to Stripe each.

    The counts without NOTES add up to the rows.

    Raises:
        JournalUnavailable: Redis is out of reach.
    """
    drawn = _drawn(rows, size, random.Random(seed))
    customers = (row.order.customer for row in drawn)
    reads = read_customers(journal, customers, with_subscriptions=True, signing=signing)
    counts: Counter[Found] = Counter()
    for row, read in zip(drawn, reads, strict=True):
        found = _found(row, read)
        counts[found] += 1
        order = _decided(read) if isinstance(row.order, Repair) else row.order
        if isinstance(order, SetDefaultCard) and found in _SET:
            counts[Found.SHADOWED] += bool(read.shadows(order.slot, order.card))
            counts[Found.SUBSCRIPTIONS_UNREAD] += read.subscriptions is None
    return counts


def _drawn(rows: Iterable[Row | BadRow], size: int, draw: random.Random) -> list[Row]:
    kept: list[Row] = []
    seen = 0
    for row in rows:
        if isinstance(row, BadRow):
            continue
        seen += 1
        if len(kept) < size:
            kept.append(row)
        elif (place := draw.randrange(seen)) < size:
            kept[place] = row
    return kept


def _found(row: Row, read: CustomerRead) -> Found:
    if read.code:
        return Found.UNREAD if read.code == "unavailable" else Found.NO_CUSTOMER
    order, cards = row.order, read.cards or frozenset()
    if isinstance(order, Repair):
        return _repaired(read)
    if not isinstance(order, SetDefaultCard):
        return Found.ALREADY_SO if order.source in cards else Found.WOULD_BE_APPLIED
    if read.default(order.slot) == order.card:
        return Found.ALREADY_SO
    if order.card not in cards:
        return Found.NO_CARD
    expected = row.expected_default
    if expected is not None and expected != (read.default(_slot(order, expected)) or ""):
        return Found.DRIFTED
    return Found.WOULD_BE_APPLIED


def _decided(read: CustomerRead) -> SetDefaultCard | LeftAlone | None:
    return decide(read, datetime.now(UTC).date())


def _repaired(read: CustomerRead) -> Found:
    match _decided(read):
        case None:
            return Found.UNREAD
        case LeftAlone(state=RowState.ALREADY_SO):
            return Found.ALREADY_SO
        case LeftAlone(code=code):
            return Found.AMBIGUOUS if code == SEVERAL else Found.NONE_USABLE
    return Found.WOULD_BE_APPLIED


def _slot(order: SetDefaultCard, expected: str) -> Slot:
    """The slot to compare, by the expected card's own kind, as the worker does."""
    return SetDefaultCard(customer=order.customer, card=expected).slot if expected else order.slot
