"""The results file: a durable record of a migration's row outcomes on this machine."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Self

from producer.migrations.model.rows import RowResult, RowState
from producer.migrations.results.sql_rows import from_sql, to_sql
from producer.migrations.storage.data_directory import made_private

# `sent` has the numbers of sent rows until their outcome is recorded; `about` has the journal's id.
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
_SET_ABOUT = "INSERT OR REPLACE INTO about VALUES (?, ?)"
_DELETE_SENT = "DELETE FROM sent WHERE number = ?"
_SINCE = "SELECT * FROM results WHERE number >= ? ORDER BY number LIMIT ?"
_COPIES = {
    "results": "INSERT INTO results SELECT * FROM original.results",
    "about": "INSERT INTO about SELECT * FROM original.about",
}
_TEMPORARY = Path()
_FULL = 2  # a value of PRAGMA synchronous
_PAGE = 1_000  # rows read at once
_BUSY_S = 10.0


@dataclass(frozen=True, slots=True)
class RecordedFrames:
    """How many of the journal's frames the file holds; `created` (ms) tells entries apart."""

    created: str = ""
    frames: int = 0


class Results:
    """An SQLite file that one process writes while others read. Usable by any thread."""

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        """Open the file, or create it with mode 0600. With `readonly` a missing file is empty."""
        self._lock = Lock()
        self._db: sqlite3.Connection | None = None
        if path == _TEMPORARY:
            # A temporary database on disk keeps memory flat.
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
        # Before SQLite creates it: SQLite's journal files inherit the mode.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._db = _connect(path.absolute().as_uri())
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)

    @classmethod
    def of(cls, folder: Path, migration: str, *, readonly: bool = False) -> Self:
        """The migration's results in the data folder."""
        return cls(_path(folder, migration), readonly=readonly)

    @classmethod
    def copied(cls, folder: Path, migration: str) -> Self:
        """A temporary copy of the migration's results, empty if there are none."""
        copy = cls(_TEMPORARY)
        path = _path(folder, migration)
        if path.exists() and copy._db is not None:
            copy._db.execute("ATTACH ? AS original", (f"{path.absolute().as_uri()}?mode=ro",))
            with copy._lock:
                for table in _COPIES:
                    copy._copy_table(table)
            copy._db.execute("DETACH original")
        return copy

    @staticmethod
    def remove(folder: Path, migration: str) -> bool:
        """Remove the migration's results; return whether there were any. Raises OSError."""
        path = _path(folder, migration)
        existed = path.exists()
        for suffix in ("-wal", "-shm", "-journal", ""):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        return existed

    @property
    def durable(self) -> bool:
        """Whether records survive a crash of the machine: SQLite waits for the disk."""
        modes = self._select("SELECT (SELECT * FROM pragma_synchronous)")
        return bool(modes) and modes[0][0] >= _FULL

    @property
    def journal(self) -> str:
        """The id of the journal in which the rows were sent; "" where it was not recorded."""
        return self._about("journal")

    @property
    def life(self) -> str:
        """The suffix of the migration's idempotency keys, if it had been forgotten before."""
        return self._about("life")

    def bind(self, journal: str, life: str) -> None:
        """Record the journal's id before anything is sent in it. Durable on return."""
        self._write((_SET_ABOUT, [("journal", journal), ("life", life)]))

    def sending(self, numbers: Iterable[int]) -> None:
        """Record rows that are about to be sent. Durable on return."""
        self._write(("INSERT OR IGNORE INTO sent VALUES (?)", [(number,) for number in numbers]))

    def not_sent(self, numbers: Iterable[int]) -> None:
        """Remove rows from those about to be sent: the journal did not accept them."""
        self._write((_DELETE_SENT, [(number,) for number in numbers]))

    def record(self, results: Iterable[RowResult], *, frames: RecordedFrames | None = None) -> None:
        """Record all results or none, replacing earlier ones. Durable on return.

        `frames` are the journal's frames that the file holds with these results.
        """
        rows = [to_sql(result) for result in results]
        about = [("known", f"{frames.created} {frames.frames}")] if frames is not None else []
        self._write((_UPSERT, rows), (_DELETE_SENT, [row[:1] for row in rows]), (_SET_ABOUT, about))

    @property
    def recorded_frames(self) -> RecordedFrames:
        """The journal's frames that the file holds."""
        created, _, frames = self._about("known").partition(" ")
        return RecordedFrames(created, int(frames or 0))

    def counts(self) -> dict[RowState, int]:
        """Recorded rows by state."""
        found = self._select("SELECT state, count(*) FROM results GROUP BY state")
        return {RowState(state): count for state, count in found}

    def unrecorded(self) -> int:
        """The number of rows that were sent, or about to be, and have no recorded outcome."""
        found = self._select("SELECT count(*) FROM sent")
        return int(found[0][0]) if found else 0

    def get(self, number: int) -> RowResult | None:
        """The recorded outcome of a row, or None."""
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
        """Results from a row number on, in order, without an open transaction in between."""
        while found := self._select(_SINCE, number, _PAGE):
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

    def _copy_table(self, table: str) -> None:
        assert self._db is not None
        exists = "SELECT 1 FROM original.sqlite_master WHERE type = 'table' AND name = ?"
        if self._db.execute(exists, (table,)).fetchone():
            self._db.execute(_COPIES[table])

    def _about(self, name: str) -> str:
        found = self._select("SELECT value FROM about WHERE name = ?", name)
        return str(found[0][0]) if found else ""

    def _select(self, query: str, *values: int | str) -> list[Any]:
        with self._lock:
            try:
                return self._db.execute(query, values).fetchall() if self._db else []
            except sqlite3.OperationalError as error:
                # A writer has created the file, but not the table yet.
                if "no such table" in str(error):
                    return []
                raise


def _path(folder: Path, migration: str) -> Path:
    return folder / f"{migration}.sqlite"


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(
        uri, uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
    )
