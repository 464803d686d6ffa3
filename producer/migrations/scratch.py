"""What a plan remembers of each row, in a temporary SQLite file: its memory stays flat."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import astuple
from itertools import groupby
from operator import itemgetter

from producer.contract import AssignCard
from producer.migrations.codes import todo
from producer.migrations.estimate import Work
from producer.migrations.rows import BadRow, Row, RowState

_BATCH = 5_000
_CACHE_KB = 2_048
_SCHEMA = """
CREATE TABLE good (customer INTEGER, number INTEGER, said INTEGER, work INTEGER);
CREATE TABLE bad (
    number INTEGER PRIMARY KEY, line INTEGER, place TEXT, code TEXT, what TEXT, state INTEGER
);
CREATE TABLE repeated (number INTEGER PRIMARY KEY);
"""
_NOT_SENT = f"""
SELECT number, state FROM bad
UNION ALL SELECT number, {RowState.ALREADY_SO} FROM repeated ORDER BY 1
"""  # noqa: S608 - numbers of an enum
_BAD = "SELECT number, line, place, code, what FROM bad ORDER BY number"
_WORK = tuple(Work)


class Scratch:
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
        self._good: list[tuple[int, int, int, int]] = []
        self._bad: list[tuple[int, int, str, str, str, int]] = []
        self.customers = 0
        self.contradicted = 0

    def add(self, row: Row) -> Work:
        """Remember a good row; answers what Stripe has to do for it."""
        order = row.order
        said = order.object_id
        payment_method = said.startswith("pm_")
        assigns = type(order) is AssignCard
        work = _WORK[2 * (not assigns) + payment_method]
        said_hash = hash((said, assigns, row.expected_default))
        self._good.append((hash(order.customer), row.number, said_hash, work))
        if len(self._good) >= _BATCH:
            self._write()
        return work

    def add_bad(self, row: BadRow) -> None:
        """Remember a bad row."""
        self._bad.append((*astuple(row)[:5], int(row.state)))
        if len(self._bad) >= _BATCH:
            self._write()

    def settle(self) -> dict[Work, int]:
        """Find repetitions and contradictions; answers how many were repeated, by work."""
        self._write()
        rows = self._db.execute("SELECT * FROM good ORDER BY customer, number")
        counts = dict.fromkeys(_WORK, 0)
        repeated: list[tuple[int]] = []
        for _, of_customer in groupby(rows, itemgetter(0)):
            self.customers += 1
            before = None
            stood: dict[int, int] = {}
            contradicts = False
            for _, number, said, work in of_customer:
                if said == before:
                    repeated.append((number,))
                    counts[_WORK[work]] += 1
                    continue
                before = said
                if work >= Work.SET_SOURCE:
                    contradicts |= stood.setdefault(work, said) != said
            self.contradicted += contradicts
            if len(repeated) >= _BATCH:
                self._write_repeated(repeated)
        self._write_repeated(repeated)
        self._db.execute("DROP TABLE good")
        return counts

    def not_sent(self) -> Iterator[tuple[int, RowState]]:
        """Numbers of bad and repeated rows, in order, with the state they begin with."""
        for number, state in self._db.execute(_NOT_SENT):
            yield number, RowState(state)

    def repeated(self) -> Iterator[int]:
        """Numbers of repeated rows, in order."""
        for (number,) in self._db.execute("SELECT number FROM repeated ORDER BY number"):
            yield number

    def bad_rows(self) -> Iterator[BadRow]:
        """Bad rows, in order."""
        for number, line, column, code, what in self._db.execute(_BAD):
            yield BadRow(number, line, column, code, what, todo(code))

    def close(self) -> None:
        """Remove it."""
        self._db.close()

    def _write(self) -> None:
        self._db.executemany("INSERT INTO good VALUES (?, ?, ?, ?)", self._good)
        self._db.executemany("INSERT INTO bad VALUES (?, ?, ?, ?, ?, ?)", self._bad)
        self._good.clear()
        self._bad.clear()

    def _write_repeated(self, repeated: list[tuple[int]]) -> None:
        # The numbers come by customer; the primary key puts them in the file's order.
        self._db.executemany("INSERT INTO repeated VALUES (?)", repeated)
        repeated.clear()
