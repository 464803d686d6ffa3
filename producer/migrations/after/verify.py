"""Compares a sample of rows with Stripe."""

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
    """A compared customer. `differs` is "" if Stripe has what the migration set."""

    number: int  # the sampled row
    customer: str
    differs: str = ""
    unread: bool = False


@dataclass(slots=True)
class _Expected:
    """What the migration set for a customer: defaults by slot, and attached cards."""

    number: int
    defaults: dict[Slot, str]
    cards: set[str]


def verify(
    journal: BlockingJournal,
    outcomes: RowOutcomes,
    sample: int,
    *,
    seed: int = 0,
    signing: Signing = UNSIGNED,
) -> Iterator[Compared]:
    """Compare the customers of `sample` random rows among the applied and unchanged ones.

    One request to Stripe each, more where cards were attached. Another `seed` draws other rows.

    Raises:
        SumsDiffer: input and ledger differ.
        JournalUnavailable: Redis is unreachable.
    """
    drawn = _drawn(outcomes, sample, random.Random(seed))
    expected = {customer: _Expected(number, {}, set()) for customer, number in drawn.items()}
    for row, result in outcomes:
        if isinstance(row, BadRow) or result.state not in _DONE:
            continue
        wanted = expected.get(row.order.customer)
        if wanted is None:
            continue
        if isinstance(row.order, SetDefaultCard):
            wanted.defaults[row.order.slot] = row.order.card  # the last row wins
        elif result.card_id:
            wanted.cards.add(result.card_id)
    for with_cards in (False, True):
        batch = [name for name, wanted in expected.items() if bool(wanted.cards) is with_cards]
        for read in read_customers(journal, batch, with_cards=with_cards, signing=signing):
            yield _compared(read, expected[read.customer])


def _drawn(outcomes: RowOutcomes, sample: int, draw: random.Random) -> dict[str, int]:
    """Customers with their sampled row: a reservoir sample, which reads the file once."""
    kept: list[tuple[str, int]] = []
    seen = 0
    for row, result in outcomes:
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
            differs = f"{slot.value} is {found or 'none'}, not {card}"
            return Compared(wanted.number, read.customer, differs)
    missing = wanted.cards - (read.cards or frozenset())
    if missing:
        return Compared(wanted.number, read.customer, f"no card {', '.join(sorted(missing))}")
    return Compared(wanted.number, read.customer)
