"""Customers of which it is not said which card is meant, with their candidates, for a person."""

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
from producer.migrations.model.card_details import UNKNOWN, CardDetails, ShownCard
from producer.migrations.model.rows import BadRow, Row, RowState
from producer.migrations.plan.customer_reads import CustomerRead
from producer.migrations.plan.plan import Plan
from producer.migrations.report.csv_cells import cells
from producer.migrations.report.rows_report import written_whole
from producer.migrations.results.row_outcomes import RowOutcomes

# Of one customer; more are not told apart by looking at them.
_MOST = 20
_SCHEMA = """
CREATE TABLE candidates (customer TEXT, place INTEGER, card TEXT, face TEXT, code TEXT, told TEXT)
"""
_ENTER = "INSERT INTO candidates VALUES (?, ?, ?, ?, ?, ?)"
_GROUPED = "SELECT * FROM candidates ORDER BY customer, place"


class Candidate(NamedTuple):
    """A card that may be meant."""

    card: str
    face: CardDetails = UNKNOWN
    note: str = ""  # what speaks against it, or for it

    @property
    def text(self) -> str:
        """For people: id, brand, last four digits, expiry."""
        note = f"({self.note})" if self.note else ""
        return " ".join(part for part in (self.card, self.face.text, note) if part)


@dataclass(frozen=True, slots=True)
class Undecided:
    """A customer, why nothing was sent for it, and its candidates: the first 20."""

    customer: str
    code: str
    candidates: tuple[Candidate, ...]
    told: str = ""  # the candidates, where a driver has recorded them as a text

    @property
    def text(self) -> str:
        """The candidates, for people."""
        return self.told or "; ".join(one.text for one in self.candidates)

    def wire(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "customer": self.customer,
            "code": self.code,
            "candidates": [
                {"card": one.card, **one.face.wire(), "note": one.note or None}
                for one in self.candidates
            ],
        }

    def seen(self, read: CustomerRead, on: date) -> Undecided:
        """With what Stripe shows of the customer's cards."""
        if read.shown is None:
            return self
        shown = {one.id: one for one in read.shown}
        return replace(
            self, candidates=tuple(_seen(one, shown, read, on) for one in self.candidates)
        )


# Customer, card, face, code and a recorded text.
_Found = Iterable[tuple[str, str, CardDetails, str, str]]


def of_plan(plan: Plan) -> Iterator[Undecided]:
    """Those of a plan, by the customers' ids; the file is read again."""
    if plan.undecided:
        yield from _grouped(row for row, _ in _planned(plan))


def first_of_plan(plan: Plan, most: int) -> list[Undecided]:
    """The first ones of the file, so many at most; it is read as far as their cards are."""
    if not plan.undecided:
        return []
    codes: dict[str, str] = {}
    cards: dict[str, dict[str, CardDetails]] = {}
    missing = 0  # cards of these customers that are still to come
    for (customer, card, face, code, _), of_customer in _planned(plan):
        if customer not in cards:
            if len(cards) >= most:
                if not missing:
                    break
                continue
            codes[customer], cards[customer] = code, {}
            missing += of_customer
        known = cards[customer]
        missing -= card not in known
        known.setdefault(card, face)
    return [
        _undecided(customer, code, dict(islice(cards[customer].items(), _MOST)))
        for customer, code in codes.items()
    ]


def of_report(accounts: RowOutcomes) -> Iterator[Undecided]:
    """Those of a migration that was entered, likewise. Raises SumsDiffer."""
    yield from _grouped(_reported(accounts))


def write_undecided(
    found: Iterable[Undecided],
    path: Path,
    look: Callable[[Undecided], Undecided] = lambda one: one,
) -> int:
    """Write them as CSV, mode 0600, a row for each customer; answers how many.

    `default_source` is empty: run as it is, every row is invalid. Whoever chooses copies the id of
    a candidate there. `look` may tell more of each.
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
    one: Candidate, shown: Mapping[str, ShownCard], read: CustomerRead, on: date
) -> Candidate:
    card = shown.get(one.card)
    if card is None:
        return one._replace(note="not attached to the customer")
    default = one.card in (read.default_source, read.default_payment_method)
    notes = (card.unusable(on), "a default now" if default else "")
    return one._replace(face=card.face, note=", ".join(note for note in notes if note))


def _planned(plan: Plan) -> Iterator[tuple[tuple[str, str, CardDetails, str, str], int]]:
    """Each ambiguous row, with how many cards its customer has."""
    held = (one for one in plan.held_rows() if one.why.state is RowState.AMBIGUOUS)
    current = next(held, None)
    for row in open_rows(plan.source, plan.mapping):
        if current is None:
            return
        if current.number == row.number:
            if isinstance(row, Row):
                order, why = row.order, current.why.value
                yield (order.customer, order.object_id, _face(row), why, ""), current.cards
            current = next(held, None)


def _reported(accounts: RowOutcomes) -> _Found:
    for row, result in accounts:
        if result.state is not RowState.AMBIGUOUS or isinstance(row, BadRow):
            continue
        recorded = "" if row.origin is not None else result.message
        yield row.order.customer, row.order.object_id, _face(row), result.code, recorded


def _face(row: Row) -> CardDetails:
    return row.origin.face if row.origin is not None else UNKNOWN


def _grouped(found: _Found) -> Iterator[Undecided]:
    # "" is a temporary database on disk, so that memory stays flat.
    with closing(sqlite3.connect("", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = OFF")
        db.execute(_SCHEMA)
        db.execute("BEGIN")
        db.executemany(
            _ENTER,
            (
                (customer, place, card, json.dumps(face), code, told)
                for place, (customer, card, face, code, told) in enumerate(found)
            ),
        )
        rows = db.execute(_GROUPED)
        for customer, of_customer in groupby(rows, itemgetter(0)):
            cards: dict[str, CardDetails] = {}
            for row in of_customer:
                last, (card, face) = row, row[2:4]
                if card and len(cards) < _MOST:
                    cards.setdefault(card, CardDetails(*json.loads(face)))
            yield _undecided(customer, last[4], cards, last[5])


def _undecided(
    customer: str, code: str, cards: Mapping[str, CardDetails], told: str = ""
) -> Undecided:
    return Undecided(customer, code, tuple(Candidate(*one) for one in cards.items()), told)
