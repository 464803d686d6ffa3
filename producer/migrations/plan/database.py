"""A plan's data about each row, in a temporary SQLite file: memory stays flat."""

from __future__ import annotations

import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from itertools import groupby
from operator import itemgetter

from producer.contract import AssignCard
from producer.migrations.model.rows import BadRow, Repair, Row, RowState, WasDefault
from producer.migrations.plan.card_choice import UnsentReason, choose
from producer.migrations.plan.estimate import Work
from producer.migrations.texts.codes import todo

_BATCH = 5_000
_CACHE_KB = 2_048
# `order_hash` is of what the row orders, `old` of the card it was copied from; `was_default` is an
# index in _WAS_DEFAULT.
_SCHEMA = """
CREATE TABLE good (
    customer INTEGER, number INTEGER, order_hash INTEGER, work INTEGER, old INTEGER,
    was_default INTEGER
);
CREATE TABLE bad (
    number INTEGER PRIMARY KEY, line INTEGER, place TEXT, code TEXT, what TEXT, state INTEGER
);
CREATE TABLE unsent (number INTEGER PRIMARY KEY, reason INTEGER, cards INTEGER);
CREATE TABLE clash (old INTEGER PRIMARY KEY);
"""
_CLASHES = """
INSERT INTO clash SELECT old FROM good WHERE old IS NOT NULL GROUP BY old
HAVING min(customer) <> max(customer) OR min(order_hash) <> max(order_hash)
"""
_ROWS = """
SELECT customer, number, order_hash, work, was_default, {} FROM good ORDER BY customer, number
"""
_CLASHED = "old IN (SELECT old FROM clash)"
_NOT_SENT = """
SELECT number, state, NULL FROM bad UNION ALL SELECT number, NULL, reason FROM unsent ORDER BY 1
"""
_BAD = "SELECT number, line, place, code, what FROM bad ORDER BY number"
_WORK = tuple(Work)
_REASONS = tuple(UnsentReason)
_WAS_DEFAULT = tuple(WasDefault)
_NOT_SAID, _YES = _WAS_DEFAULT.index(WasDefault.NOT_SAID), _WAS_DEFAULT.index(WasDefault.YES)


@dataclass(frozen=True, slots=True)
class UnsentRow:
    """A correct row that is not sent; `cards` is the number of its customer's cards."""

    number: int
    reason: UnsentReason
    cards: int


class PlanDatabase:
    """Keeps 64-bit hashes of good rows and the faults of bad rows, but no value of the file.

    Once in thirty million files two of a million customers share a hash and count as one; a row
    counts as repeated by chance only if its order's hash is shared too.
    """

    def __init__(self) -> None:
        # Without a name, SQLite removes the file itself. Threads that make and read plans differ.
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")
        self._good: list[tuple[int, int, int, int, int | None, int]] = []
        self._bad: list[tuple[int, int, str, str, str, int]] = []
        self._unsent: list[tuple[int, int, int]] = []
        self._rivals = False  # whether only one of a customer's rows can be sent
        self._unsent_work: Counter[Work] = Counter()
        self.customers = 0
        self.contradicted = 0
        self.undecided = 0
        self.unsent_counts: Counter[UnsentReason] = Counter()

    def add(self, row: Row) -> Work:
        """Store a good row; return the work that it needs at Stripe."""
        order, origin = row.order, row.origin
        payment_method = order.object_id.startswith("pm_")
        assigns = type(order) is AssignCard
        work = Work.REPAIR if type(order) is Repair else _WORK[2 * (not assigns) + payment_method]
        old, was_default = None, 0
        if origin is None:
            order_hash = hash((order.object_id, assigns, row.expected_default))
        else:
            self._rivals = True
            order_hash = hash(order.object_id)
            if origin.customer and origin.source:
                old = hash((origin.customer, origin.source))
            was_default = _WAS_DEFAULT.index(origin.was_default)
        self._good.append((hash(order.customer), row.number, order_hash, work, old, was_default))
        if len(self._good) >= _BATCH:
            self._write()
        return work

    def add_bad(self, row: BadRow) -> None:
        """Store a bad row."""
        self._bad.append((*astuple(row)[:5], int(row.state)))
        if len(self._bad) >= _BATCH:
            self._write()

    def settle(self) -> dict[Work, int]:
        """Find good rows that are not sent; return their number by work."""
        self._write()
        clashed = "0"
        if self._rivals:
            self._db.execute(_CLASHES)
            (any_clash,) = self._db.execute("SELECT EXISTS (SELECT * FROM clash)").fetchone()
            clashed = _CLASHED if any_clash else "0"
        rows = self._db.execute(_ROWS.format(clashed))
        judge = self._choose_card if self._rivals else self._find_repeated
        for _, of_customer in groupby(rows, itemgetter(0)):
            self.customers += 1
            judge(of_customer)
            if len(self._unsent) >= _BATCH:
                self._write()
        self._write()
        self._db.execute("DROP TABLE good")
        return dict(self._unsent_work)

    def not_sent(self) -> Iterator[tuple[int, RowState]]:
        """Numbers of bad and unsent rows, in order, with the state they start in."""
        for number, state, reason in self._db.execute(_NOT_SENT):
            yield number, RowState(state) if reason is None else _REASONS[reason].state

    def unsent(self) -> Iterator[UnsentRow]:
        """Correct rows that are not sent, in order."""
        for number, reason, cards in self._db.execute("SELECT * FROM unsent ORDER BY number"):
            yield UnsentRow(number, _REASONS[reason], cards)

    def bad_rows(self) -> Iterator[BadRow]:
        """Bad rows, in order."""
        for number, line, column, code, what in self._db.execute(_BAD):
            yield BadRow(number, line, column, code, what, todo(code))

    def close(self) -> None:
        """Remove the database."""
        self._db.close()

    def _find_repeated(self, of_customer: Iterable[tuple[int, ...]]) -> None:
        """Find repetitions and contradictions of a customer whose rows are sent in order."""
        before = None
        defaults: dict[int, int] = {}
        contradicts = False
        for _, number, order_hash, work, _, _ in of_customer:
            if order_hash == before:
                self._leave_unsent(number, UnsentReason.REPEATED, work)
                continue
            before = order_hash
            if work >= Work.SET_SOURCE:
                contradicts |= defaults.setdefault(work, order_hash) != order_hash
        self.contradicted += contradicts

    def _choose_card(self, of_customer: Iterable[tuple[int, ...]]) -> None:
        """Choose the one card of a customer that is sent, if any."""
        # Packed arrays: a customer may have any number of rows.
        numbers, cards, works = array("q"), array("q"), array("b")
        defaults, clashes = array("b"), False
        for _, number, order_hash, work, was_default, clash in of_customer:
            numbers.append(number)
            cards.append(order_hash)
            works.append(work)
            defaults.append(was_default)
            clashes |= bool(clash)
        if len(numbers) == 1 and not clashes and defaults[0] in (_NOT_SAID, _YES):
            return
        choice = choose(cards, [_WAS_DEFAULT[index] for index in defaults], clashes)
        self.undecided += choice.reason is not None
        sent = False
        for number, card, work in zip(numbers, cards, works, strict=True):
            if choice.reason is not None:
                self._leave_unsent(number, choice.reason, work, choice.cards)
            elif card != choice.chosen:
                self._leave_unsent(number, UnsentReason.NOT_DEFAULT, work, choice.cards)
            elif sent:
                self._leave_unsent(number, UnsentReason.REPEATED, work, choice.cards)
            else:
                sent = True

    def _leave_unsent(self, number: int, reason: UnsentReason, work: int, cards: int = 1) -> None:
        self._unsent.append((number, _REASONS.index(reason), cards))
        self._unsent_work[_WORK[work]] += 1
        self.unsent_counts[reason] += 1
        if len(self._unsent) >= _BATCH:
            self._write()

    def _write(self) -> None:
        self._db.executemany("INSERT INTO good VALUES (?, ?, ?, ?, ?, ?)", self._good)
        self._db.executemany("INSERT INTO bad VALUES (?, ?, ?, ?, ?, ?)", self._bad)
        # Numbers come grouped by customer; the primary key restores the file's order.
        self._db.executemany("INSERT INTO unsent VALUES (?, ?, ?)", self._unsent)
        self._good.clear()
        self._bad.clear()
        self._unsent.clear()
