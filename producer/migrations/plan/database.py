"""What a plan remembers of each row, in a temporary SQLite file: its memory stays flat."""

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
from producer.migrations.plan.card_choice import Why, choose
from producer.migrations.plan.estimate import Work
from producer.migrations.texts.codes import todo

_BATCH = 5_000
_CACHE_KB = 2_048
# Of `good`, `old` is the card it was copied from, and `was` whether that was the default.
_SCHEMA = """
CREATE TABLE good (
    customer INTEGER, number INTEGER, said INTEGER, work INTEGER, old INTEGER, was INTEGER
);
CREATE TABLE bad (
    number INTEGER PRIMARY KEY, line INTEGER, place TEXT, code TEXT, what TEXT, state INTEGER
);
CREATE TABLE held (number INTEGER PRIMARY KEY, why INTEGER, cards INTEGER);
CREATE TABLE clash (old INTEGER PRIMARY KEY);
"""
_CLASHES = """
INSERT INTO clash SELECT old FROM good WHERE old IS NOT NULL GROUP BY old
HAVING min(customer) <> max(customer) OR min(said) <> max(said)
"""
_ROWS = "SELECT customer, number, said, work, was, {} FROM good ORDER BY customer, number"
_CLASHED = "old IN (SELECT old FROM clash)"
_NOT_SENT = """
SELECT number, state, NULL FROM bad UNION ALL SELECT number, NULL, why FROM held ORDER BY 1
"""
_BAD = "SELECT number, line, place, code, what FROM bad ORDER BY number"
_WORK = tuple(Work)
_WHY = tuple(Why)
_WAS = tuple(WasDefault)
_NOT_SAID, _YES = _WAS.index(WasDefault.NOT_SAID), _WAS.index(WasDefault.YES)


@dataclass(frozen=True, slots=True)
class Held:
    """A row that could be sent and is not; `cards` is how many of its customer there are."""

    number: int
    why: Why
    cards: int


class PlanDatabase:
    """Of good rows 64-bit hashes are kept, of bad ones what is wrong: no value of the file.

    Two of a million customers share a hash once in thirty million files, and count as one then;
    a row counts as repeated by chance only if its order's hash is shared too.
    """

    def __init__(self) -> None:
        # No name: a file that SQLite removes by itself. Plans are made and read by other threads.
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")
        self._good: list[tuple[int, int, int, int, int | None, int]] = []
        self._bad: list[tuple[int, int, str, str, str, int]] = []
        self._held: list[tuple[int, int, int]] = []
        self._rivals = False  # whether of a customer's rows only one can be meant
        self._of_work: Counter[Work] = Counter()
        self.customers = 0
        self.contradicted = 0
        self.undecided = 0
        self.why: Counter[Why] = Counter()

    def add(self, row: Row) -> Work:
        """Remember a good row; answers what Stripe has to do for it."""
        order, origin = row.order, row.origin
        said = order.object_id
        payment_method = said.startswith("pm_")
        assigns = type(order) is AssignCard
        work = Work.REPAIR if type(order) is Repair else _WORK[2 * (not assigns) + payment_method]
        old, was = None, 0
        if origin is None:
            told = hash((said, assigns, row.expected_default))
        else:
            self._rivals = True
            told = hash(said)
            if origin.customer and origin.source:
                old = hash((origin.customer, origin.source))
            was = _WAS.index(origin.was_default)
        self._good.append((hash(order.customer), row.number, told, work, old, was))
        if len(self._good) >= _BATCH:
            self._write()
        return work

    def add_bad(self, row: BadRow) -> None:
        """Remember a bad row."""
        self._bad.append((*astuple(row)[:5], int(row.state)))
        if len(self._bad) >= _BATCH:
            self._write()

    def settle(self) -> dict[Work, int]:
        """Find which rows are not to be sent after all; answers how many they are, by work."""
        self._write()
        clashed = "0"
        if self._rivals:
            self._db.execute(_CLASHES)
            (any_clash,) = self._db.execute("SELECT EXISTS (SELECT * FROM clash)").fetchone()
            clashed = _CLASHED if any_clash else "0"
        rows = self._db.execute(_ROWS.format(clashed))
        each = self._chosen if self._rivals else self._stood
        for _, of_customer in groupby(rows, itemgetter(0)):
            self.customers += 1
            each(of_customer)
            if len(self._held) >= _BATCH:
                self._write()
        self._write()
        self._db.execute("DROP TABLE good")
        return dict(self._of_work)

    def not_sent(self) -> Iterator[tuple[int, RowState]]:
        """Numbers of bad and held rows, in order, with the state they begin with."""
        for number, state, why in self._db.execute(_NOT_SENT):
            yield number, RowState(state) if why is None else _WHY[why].state

    def held(self) -> Iterator[Held]:
        """Rows that could be sent and are not, in order."""
        for number, why, cards in self._db.execute("SELECT * FROM held ORDER BY number"):
            yield Held(number, _WHY[why], cards)

    def bad_rows(self) -> Iterator[BadRow]:
        """Bad rows, in order."""
        for number, line, column, code, what in self._db.execute(_BAD):
            yield BadRow(number, line, column, code, what, todo(code))

    def close(self) -> None:
        """Remove it."""
        self._db.close()

    def _stood(self, of_customer: Iterable[tuple[int, ...]]) -> None:
        """Repetitions and contradictions of a customer whose rows are sent in their order."""
        before = None
        stood: dict[int, int] = {}
        contradicts = False
        for _, number, said, work, _, _ in of_customer:
            if said == before:
                self._hold(number, Why.REPEATED, work)
                continue
            before = said
            if work >= Work.SET_SOURCE:
                contradicts |= stood.setdefault(work, said) != said
        self.contradicted += contradicts

    def _chosen(self, of_customer: Iterable[tuple[int, ...]]) -> None:
        """The one card of a customer's that is sent, where there is one."""
        # Packed: nothing says how many rows a customer has.
        numbers, cards, works = array("q"), array("q"), array("b")
        defaults, clashes = array("b"), False
        for _, number, said, work, was, clash in of_customer:
            numbers.append(number)
            cards.append(said)
            works.append(work)
            defaults.append(was)
            clashes |= bool(clash)
        if len(numbers) == 1 and not clashes and defaults[0] in (_NOT_SAID, _YES):
            return
        choice = choose(cards, [_WAS[was] for was in defaults], clashes)
        self.undecided += choice.why is not None
        sent = False
        for number, card, work in zip(numbers, cards, works, strict=True):
            if choice.why is not None:
                self._hold(number, choice.why, work, choice.cards)
            elif card != choice.chosen:
                self._hold(number, Why.NOT_DEFAULT, work, choice.cards)
            elif sent:
                self._hold(number, Why.REPEATED, work, choice.cards)
            else:
                sent = True

    def _hold(self, number: int, why: Why, work: int, cards: int = 1) -> None:
        self._held.append((number, _WHY.index(why), cards))
        self._of_work[_WORK[work]] += 1
        self.why[why] += 1
        if len(self._held) >= _BATCH:
            self._write()

    def _write(self) -> None:
        self._db.executemany("INSERT INTO good VALUES (?, ?, ?, ?, ?, ?)", self._good)
        self._db.executemany("INSERT INTO bad VALUES (?, ?, ?, ?, ?, ?)", self._bad)
        # The numbers come by customer; the primary key puts them in the file's order.
        self._db.executemany("INSERT INTO held VALUES (?, ?, ?)", self._held)
        self._good.clear()
        self._bad.clear()
        self._held.clear()
