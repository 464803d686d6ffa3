"""Reads some rows back from Stripe and compares."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from producer.contract import SetDefaultCard, Slot
from producer.journal import BlockingJournal
from producer.migrations.model.rows import BadRow, RowState
from producer.migrations.plan.customer_reads import CustomerRead, read_customers
from producer.migrations.results.row_outcomes import RowOutcomes
from producer.security.command_signatures import UNSIGNED, Signing

_DONE = (RowState.APPLIED, RowState.ALREADY_SO)


@dataclass(frozen=True, slots=True)
class Compared:
    """A customer compared. `differs` is "" where Stripe has what the migration left behind."""

    number: int  # the row that was drawn
    customer: str
    differs: str = ""
    unread: bool = False


@dataclass(slots=True)
class _Expected:
    """What the migration left behind at a customer: defaults by slot, and attached cards."""

    number: int
    defaults: dict[Slot, str]
    cards: set[str]


def verify(
    journal: BlockingJournal,
    accounts: RowOutcomes,
    sample: int,
    *,
    seed: int = 0,
    signing: Signing = UNSIGNED,
) -> Iterator[Compared]:
    """Compare the customers of so many rows, drawn evenly of those that are as the file says.

    One request at Stripe for each, more where cards were attached. `seed` draws others.

    Raises:
        SumsDiffer: the input has other rows than the ledger.
        JournalUnavailable: Redis is out of reach.
    """
    drawn = _drawn(accounts, sample, random.Random(seed))
    expected = {customer: _Expected(number, {}, set()) for customer, number in drawn.items()}
    for row, result in accounts:
        if isinstance(row, BadRow) or result.state not in _DONE:
            continue
        wanted = expected.get(row.order.customer)
        if wanted is None:
            continue
        if isinstance(row.order, SetDefaultCard):
            wanted.defaults[row.order.slot] = row.order.card  # the last one stands
        elif result.card_id:
            wanted.cards.add(result.card_id)
    for with_cards in (False, True):
        some = [one for one, wanted in expected.items() if bool(wanted.cards) is with_cards]
        for read in read_customers(journal, some, with_cards=with_cards, signing=signing):
            yield _compared(read, expected[read.customer])


def _drawn(accounts: RowOutcomes, sample: int, draw: random.Random) -> dict[str, int]:
    """Customers with the row that was drawn: a reservoir, so that the file is read once."""
    kept: list[tuple[str, int]] = []
    seen = 0
    for row, result in accounts:
        if isinstance(row, BadRow) or result.state not in _DONE:
            continue
        seen += 1
        one = (row.order.customer, row.number)
        if len(kept) < sample:
            kept.append(one)
        elif (place := draw.randrange(seen)) < sample:
            kept[place] = one
    return dict(kept)


def _compared(read: CustomerRead, wanted: _Expected) -> Compared:
    if read.code == "unavailable":
        return Compared(wanted.number, read.customer, "it could not be read", unread=True)
    if read.code:
        return Compared(wanted.number, read.customer, read.code)
    for slot, card in wanted.defaults.items():
        found = read.default(slot)
        if found != card:
            told = f"{slot.value} is {found or 'none'}, not {card}"
            return Compared(wanted.number, read.customer, told)
    missing = wanted.cards - (read.cards or frozenset())
    if missing:
        return Compared(wanted.number, read.customer, f"no card {', '.join(sorted(missing))}")
    return Compared(wanted.number, read.customer)
