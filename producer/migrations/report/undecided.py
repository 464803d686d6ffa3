"""Customers whose card a person must choose, with the candidates."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from producer.migrations.input.rows.reader import open_rows
from producer.migrations.model.card_details import UNKNOWN, AttachedCard, CardDetails
from producer.migrations.model.rows import BadRow, Row, RowState
from producer.migrations.plan.customer_reads import CustomerRead
from producer.migrations.plan.plan import Plan
from producer.migrations.report.csv_cells import cells
from producer.migrations.report.rows_report import written_whole
from producer.migrations.results.row_outcomes import RowOutcomes

_MOST = 20  # candidates of one customer: more are of no help to a person
_SCHEMA = """
CREATE TABLE candidates (
    customer TEXT, place INTEGER, card TEXT, details TEXT, code TEXT, recorded TEXT
)
"""
_ENTER = "INSERT INTO candidates VALUES (?, ?, ?, ?, ?, ?)"
_GROUPED = "SELECT * FROM candidates ORDER BY customer, place"


class Candidate(NamedTuple):
    """A card that may be meant."""

    card: str
    details: CardDetails = UNKNOWN
    note: str = ""  # what speaks for the card, or against it

    @property
    def text(self) -> str:
        """For people: id, brand, last four digits, expiry."""
        note = f"({self.note})" if self.note else ""
        return " ".join(part for part in (self.card, self.details.text, note) if part)


@dataclass(frozen=True, slots=True)
class Undecided:
    """A customer, the code of why nothing was sent, and the first 20 candidates."""

    customer: str
    code: str
    candidates: tuple[Candidate, ...]
    recorded: str = ""  # the candidates as a text, if a driver has recorded them

    @property
    def text(self) -> str:
        """The candidates, for people."""
        return self.recorded or "; ".join(one.text for one in self.candidates)

    def wire(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "customer": self.customer,
            "code": self.code,
            "candidates": [
                {"card": one.card, **one.details.wire(), "note": one.note or None}
                for one in self.candidates
            ],
        }

    def seen(self, read: CustomerRead, on: date) -> Undecided:
        """Add what Stripe has of the customer's cards."""
        if read.attached is None:
            return self
        attached = {card.id: card for card in read.attached}
        return replace(
            self, candidates=tuple(_seen(one, attached, read, on) for one in self.candidates)
        )


# Customer, card, details, code and a recorded text.
_Found = Iterable[tuple[str, str, CardDetails, str, str]]


def of_plan(plan: Plan) -> Iterator[Undecided]:
    """A plan's undecided customers, sorted by id; the file is read again."""
    if plan.undecided:
        yield from _grouped(row for row, _ in _planned(plan))


def first_of_plan(plan: Plan, most: int) -> list[Undecided]:
    """The first undecided customers of a plan's file, read only as far as their cards."""
    if not plan.undecided:
        return []
    codes: dict[str, str] = {}
    cards: dict[str, dict[str, CardDetails]] = {}
    missing = 0  # cards of these customers that have not been read yet
    for (customer, card, details, code, _), of_customer in _planned(plan):
        if customer not in cards:
            if len(cards) >= most:
                if not missing:
                    break
                continue
            codes[customer], cards[customer] = code, {}
            missing += of_customer
        known = cards[customer]
        missing -= card not in known
        known.setdefault(card, details)
    return [
        _undecided(customer, code, dict(islice(cards[customer].items(), _MOST)))
        for customer, code in codes.items()
    ]


def of_report(outcomes: RowOutcomes) -> Iterator[Undecided]:
    """An entered migration's undecided customers, sorted by id. Raises SumsDiffer."""
    yield from _grouped(_reported(outcomes))


def write_undecided(
    found: Iterable[Undecided],
    path: Path,
    look: Callable[[Undecided], Undecided] = lambda one: one,
) -> int:
    """Write the customers as CSV, mode 0600, one row each; return their number.

    `default_source` is empty, so unchanged rows are invalid: a person copies a candidate's id
    there. `look` may add to each customer.
    """
    count = 0
    with written_whole(path) as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["userId", "default_source", "candidates", "code"])
        for one in map(look, found):
            writer.writerow(cells([one.customer, "", one.text, one.code]))
            count += 1
    return count


def _seen(
    one: Candidate, attached: Mapping[str, AttachedCard], read: CustomerRead, on: date
) -> Candidate:
    card = attached.get(one.card)
    if card is None:
        return one._replace(note="not attached to the customer")
    default = one.card in (read.default_source, read.default_payment_method)
    notes = (card.unusable(on), "a default now" if default else "")
    return one._replace(details=card.details, note=", ".join(note for note in notes if note))


def _planned(plan: Plan) -> Iterator[tuple[tuple[str, str, CardDetails, str, str], int]]:
    """Each ambiguous row, with the number of its customer's cards."""
    unsent = (one for one in plan.unsent_rows() if one.reason.state is RowState.AMBIGUOUS)
    current = next(unsent, None)
    for row in open_rows(plan.source, plan.mapping):
        if current is None:
            return
        if current.number == row.number:
            if isinstance(row, Row):
                order, code = row.order, current.reason.value
                yield (order.customer, order.object_id, _details(row), code, ""), current.cards
            current = next(unsent, None)


def _reported(outcomes: RowOutcomes) -> _Found:
    for row, result in outcomes:
        if result.state is not RowState.AMBIGUOUS or isinstance(row, BadRow):
            continue
        recorded = "" if row.origin is not None else result.message
        yield row.order.customer, row.order.object_id, _details(row), result.code, recorded


def _details(row: Row) -> CardDetails:
    return row.origin.details if row.origin is not None else UNKNOWN


def _grouped(found: _Found) -> Iterator[Undecided]:
    # "" is a temporary database on disk: memory stays flat.
    with closing(sqlite3.connect("", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = OFF")
        db.execute(_SCHEMA)
        db.execute("BEGIN")
        db.executemany(
            _ENTER,
            (
                (customer, place, card, json.dumps(details), code, recorded)
                for place, (customer, card, details, code, recorded) in enumerate(found)
            ),
        )
        rows = db.execute(_GROUPED)
        for customer, of_customer in groupby(rows, itemgetter(0)):
            cards: dict[str, CardDetails] = {}
            for row in of_customer:
                last, (card, details) = row, row[2:4]
                if card and len(cards) < _MOST:
                    cards.setdefault(card, CardDetails(*json.loads(details)))
            yield _undecided(customer, last[4], cards, last[5])


def _undecided(
    customer: str, code: str, cards: Mapping[str, CardDetails], recorded: str = ""
) -> Undecided:
    return Undecided(customer, code, tuple(Candidate(*one) for one in cards.items()), recorded)
