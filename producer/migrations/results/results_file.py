"""The results file: what is recorded of a migration's rows, durably, on this machine."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Self

from producer.migrations.model.rows import RowResult, RowState
from producer.migrations.results.columns import from_sql, to_sql
from producer.migrations.storage.data_directory import made_private

# `sent` has the numbers of rows that were sent, until they are recorded; `about` has the journal.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS results (
    number INTEGER PRIMARY KEY, state INTEGER NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
    command_id TEXT NOT NULL, card_id TEXT NOT NULL, attempts INTEGER NOT NULL,
    accepted_us INTEGER, finished_us INTEGER, before TEXT
);
CREATE TABLE IF NOT EXISTS sent (number INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_UPSERT = "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_NAME = "INSERT OR REPLACE INTO about VALUES (?, ?)"
_ARRIVED = "DELETE FROM sent WHERE number = ?"
_SINCE = "SELECT * FROM results WHERE number >= ? ORDER BY number LIMIT ?"
_COPIES = {
    "results": "INSERT INTO results SELECT * FROM original.results",
    "about": "INSERT INTO about SELECT * FROM original.about",
}
_NOWHERE = Path()
_FULL = 2  # of PRAGMA synchronous
_WINDOW = 1_000
_BUSY_S = 10.0


@dataclass(frozen=True, slots=True)
class Known:
    """The first so many frames of the migration that was entered then (ms since the epoch)."""

    created: str = ""
    frames: int = 0


class Results:
    """A SQLite file. One process writes; others may read it meanwhile. Usable by any thread."""

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        """Open the file; made, mode 0600, unless `readonly`, where a missing one is empty."""
        self._lock = Lock()
        self._db: sqlite3.Connection | None = None
        if path == _NOWHERE:
            # A temporary database on disk, so that memory stays flat.
            self._db = _connect("")
            self._db.execute("PRAGMA journal_mode = MEMORY")
            self._db.execute("PRAGMA synchronous = OFF")
            self._db.executescript(_SCHEMA)
            return
        if readonly:
            if path.exists():
                self._db = _connect(f"{path.absolute().as_uri()}?mode=ro")
            return
        made_private(path.parent)
        # Before SQLite makes it: its journal files take over the mode.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._db = _connect(path.absolute().as_uri())
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)

    @classmethod
    def of(cls, folder: Path, migration: str, *, readonly: bool = False) -> Self:
        """That of the migration in the data folder."""
        return cls(_path(folder, migration), readonly=readonly)

    @classmethod
    def copied(cls, folder: Path, migration: str) -> Self:
        """What that of the migration holds, if it is there, to be added to; gone once closed."""
        made = cls(_NOWHERE)
        path = _path(folder, migration)
        if path.exists() and made._db is not None:
            made._db.execute("ATTACH ? AS original", (f"{path.absolute().as_uri()}?mode=ro",))
            with made._lock:
                for table in _COPIES:
                    made._copy(table)
            made._db.execute("DETACH original")
        return made

    @staticmethod
    def remove(folder: Path, migration: str) -> bool:
        """Remove that of the migration; whether there was one. Raises OSError."""
        path = _path(folder, migration)
        there = path.exists()
        for suffix in ("-wal", "-shm", "-journal", ""):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        return there

    @property
    def durable(self) -> bool:
        """Whether what is recorded survives the machine: SQLite waits for the disk."""
        modes = self._select("SELECT (SELECT * FROM pragma_synchronous)")
        return bool(modes) and modes[0][0] >= _FULL

    @property
    def journal(self) -> str:
        """The id of the journal that its rows were sent in; "" where that was not noted."""
        return self._about("journal")

    @property
    def life(self) -> str:
        """What the migration's keys at Stripe end in, where it had been forgotten before."""
        return self._about("life")

    def belong(self, journal: str, life: str) -> None:
        """Note the journal, before anything is sent in it. Durable on return."""
        self._write((_NAME, [("journal", journal), ("life", life)]))

    def sending(self, numbers: Iterable[int]) -> None:
        """Note rows that are about to be sent. Durable on return."""
        self._write(("INSERT OR IGNORE INTO sent VALUES (?)", [(one,) for one in numbers]))

    def not_sent(self, numbers: Iterable[int]) -> None:
        """Of those noted, some were not taken."""
        self._write((_ARRIVED, [(one,) for one in numbers]))

    def record(self, results: Iterable[RowResult], *, known: Known | None = None) -> None:
        """Write down all or none, replacing what was recorded before. Durable on return.

        `known` is what these rows, and those before, have of what others can read in the journal.
        """
        rows = [to_sql(one) for one in results]
        named = [("known", f"{known.created} {known.frames}")] if known is not None else []
        self._write((_UPSERT, rows), (_ARRIVED, [row[:1] for row in rows]), (_NAME, named))

    @property
    def known(self) -> Known:
        """What of the journal's frames is recorded here."""
        created, _, frames = self._about("known").partition(" ")
        return Known(created, int(frames or 0))

    def counts(self) -> dict[RowState, int]:
        """Recorded rows by state."""
        found = self._select("SELECT state, count(*) FROM results GROUP BY state")
        return {RowState(state): count for state, count in found}

    def on_their_way(self) -> int:
        """How many rows were sent, or were about to be, and are not recorded."""
        found = self._select("SELECT count(*) FROM sent")
        return int(found[0][0]) if found else 0

    def get(self, number: int) -> RowResult | None:
        """What is recorded of a row; None where nothing is."""
        found = self._select("SELECT * FROM results WHERE number = ?", number)
        return from_sql(found[0]) if found else None

    def __getitem__(self, number: int) -> RowResult:
        found = self.get(number)
        if found is None:
            raise KeyError(number)
        return found

    def __iter__(self) -> Iterator[RowResult]:
        return self.since(1)

    def since(self, number: int) -> Iterator[RowResult]:
        """Those from a row number on, in order; no transaction is kept open meanwhile."""
        while found := self._select(_SINCE, number, _WINDOW):
            yield from map(from_sql, found)
            number = found[-1][0] + 1

    def __len__(self) -> int:
        found = self._select("SELECT count(*) FROM results")
        return int(found[0][0]) if found else 0

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._db is not None:
                self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, *statements: tuple[str, list[Any]]) -> None:
        with self._lock:
            if self._db is None:
                raise ValueError("the results are open for reading only")
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for statement, rows in statements:
                    self._db.executemany(statement, rows)
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    def _copy(self, table: str) -> None:
        assert self._db is not None
        there = "SELECT 1 FROM original.sqlite_master WHERE type = 'table' AND name = ?"
        if self._db.execute(there, (table,)).fetchone():
            self._db.execute(_COPIES[table])

    def _about(self, name: str) -> str:
        found = self._select("SELECT value FROM about WHERE name = ?", name)
        return str(found[0][0]) if found else ""

    def _select(self, query: str, *values: int | str) -> list[Any]:
        with self._lock:
            try:
                return self._db.execute(query, values).fetchall() if self._db else []
            except sqlite3.OperationalError as error:
                # A writer has made the file, but not the table yet.
                if "no such table" in str(error):
                    return []
                raise


def _path(folder: Path, migration: str) -> Path:
    return folder / f"{migration}.sqlite"


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(
        uri, uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
    )
