"""The lease to drive a migration: taken, kept by a thread, and heard through."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from uuid import uuid4

from producer.journal import BlockingJournal, JournalUnavailable
from producer.journal.migrations import records as journalled
from producer.journal.migrations.records import Elsewhere, Held
from producer.migrations.registry import UnknownMigration

# Short, so that a run that was killed is soon taken up; nothing is sent or recorded without it.
LEASE_S = 3.0
# What a person asks for is heard within a second.
BEAT_S = 0.4


class JournalGone(Exception):
    """Redis does not have the journal any more that the lease was taken in."""

    def __init__(self, found: str | None) -> None:
        self.found = found
        super().__init__(found)


class DriverLease:
    """Held by one driver at a time. `fields` is the migration's record as of the last beat."""

    def __init__(self, journal: BlockingJournal, migration: str) -> None:
        """No network yet."""
        self._journal = journal
        self._migration = migration
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self.fields: Mapping[str, str] = {}
        self.lost = threading.Event()
        self._begun_in = ""
        self._over = threading.Event()
        self._beating = threading.Lock()
        self._history: list[tuple[int, int]] = []
        self._rate = 0.0
        self._thread = threading.Thread(target=self._keep, name="driving lease", daemon=True)

    def take(self, journal_id: str, stopped: Callable[[], bool]) -> bool:
        """Take it, from a driver that is dead too. False where another lives, or on `stopped`.

        Raises:
            UnknownMigration: it was never created.
            JournalGone: the journal is another than the one of that id; so from then on.
        """
        self._begun_in = journal_id
        deadline = time.monotonic() + 2 * LEASE_S
        while not stopped():
            try:
                held = self.beat()
            except JournalUnavailable:
                deadline = time.monotonic() + 2 * LEASE_S
                continue
            if not held.mine and _is_dead(held.driver):
                held = self.beat(force=True)
            if held.mine:
                self._thread.start()
                return True
            if time.monotonic() > deadline:
                return False
            self._over.wait(0.1)
        return False

    def tell(self, rate: float, history: list[tuple[int, int]] | None) -> None:
        """What the next beat tells: rows ended a second, and the history where it has changed."""
        self._rate = rate
        if history is not None:
            self._history = history

    def beat(self, *, force: bool = False) -> Held:
        """Renew it and hear what is wanted.

        Raises:
            UnknownMigration, JournalGone, JournalUnavailable
        """
        with self._beating:
            history, self._history = self._history, []
            call = journalled.lease(
                self._migration,
                self.holder,
                int(LEASE_S * 1000),
                journal=self._begun_in,
                force=force,
                rate=self._rate,
                history=history,
            )
            held = self._journal(call)
            if held is None:
                raise UnknownMigration(self._migration)
            if isinstance(held, Elsewhere):
                raise JournalGone(held.found)
            self.fields = held.fields
            return held

    def give_back(self) -> None:
        """Stop keeping it, and let another driver begin at once."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(1.0)
        try:
            self._journal(journalled.release(self._migration, self.holder))
        except JournalUnavailable:
            return  # it runs out by itself

    def _keep(self) -> None:
        while not self._over.wait(BEAT_S):
            try:
                if self.beat().mine:
                    continue
            except JournalUnavailable:
                continue
            except (UnknownMigration, JournalGone):
                pass
            self.lost.set()
            return


def _is_dead(holder: str) -> bool:
    """Whether the holder was a process of this machine that does not run any more."""
    host, _, rest = holder.rpartition(":")[0].rpartition(":")
    if host != socket.gethostname() or not rest.isdigit():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
