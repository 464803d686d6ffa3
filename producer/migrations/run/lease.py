"""The lease to drive a migration; a thread renews it, and each renewal brings the record."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from uuid import uuid4

from producer.journal import BlockingJournal, JournalUnavailable
from producer.journal.migrations import records as journalled
from producer.journal.migrations.records import DriverLeaseState, OtherJournal
from producer.migrations.registry import UnknownMigration

# Short, so that another driver soon replaces a killed one. Without it nothing is sent or recorded.
LEASE_S = 3.0
# Short, so that operators' actions take effect within a second.
RENEW_S = 0.4


class JournalGone(Exception):
    """Redis no longer has the journal in which the lease was acquired."""

    def __init__(self, found: str | None) -> None:
        self.found = found
        super().__init__(found)


class DriverLease:
    """Held by one driver at a time. `fields` is the record as of the last renewal."""

    def __init__(self, journal: BlockingJournal, migration: str) -> None:
        """Does not use the network yet."""
        self._journal = journal
        self._migration = migration
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self.fields: Mapping[str, str] = {}
        self.lost = threading.Event()
        self._journal_id = ""
        self._released = threading.Event()
        self._renewing = threading.Lock()
        self._history: list[tuple[int, int]] = []
        self._rate = 0.0
        self._thread = threading.Thread(target=self._keep, name="driver lease", daemon=True)

    def acquire(self, journal_id: str, stopped: Callable[[], bool]) -> bool:
        """Acquire the lease, also from a dead driver. False if another lives, or on `stopped`.

        Raises:
            UnknownMigration: the migration was never created.
            JournalGone: Redis has another journal; `renew` raises it from then on, too.
        """
        self._journal_id = journal_id
        deadline = time.monotonic() + 2 * LEASE_S
        while not stopped():
            try:
                answer = self.renew()
            except JournalUnavailable:
                deadline = time.monotonic() + 2 * LEASE_S
                continue
            if not answer.mine and _is_dead(answer.driver):
                answer = self.renew(force=True)
            if answer.mine:
                self._thread.start()
                return True
            if time.monotonic() > deadline:
                return False
            self._released.wait(0.1)
        return False

    def report(self, rate: float, history: list[tuple[int, int]] | None) -> None:
        """Set what the next renewal reports: rows ended a second, and a changed history."""
        self._rate = rate
        if history is not None:
            self._history = history

    def renew(self, *, force: bool = False) -> DriverLeaseState:
        """Renew or acquire the lease and update `fields`; `force` takes it from another driver.

        Raises:
            UnknownMigration, JournalGone, JournalUnavailable
        """
        with self._renewing:
            history, self._history = self._history, []
            call = journalled.lease(
                self._migration,
                self.holder,
                int(LEASE_S * 1000),
                journal=self._journal_id,
                force=force,
                rate=self._rate,
                history=history,
            )
            answer = self._journal(call)
            if answer is None:
                raise UnknownMigration(self._migration)
            if isinstance(answer, OtherJournal):
                raise JournalGone(answer.found)
            self.fields = answer.fields
            return answer

    def release(self) -> None:
        """Stop renewing, so that another driver can start at once."""
        self._released.set()
        if self._thread.is_alive():
            self._thread.join(1.0)
        try:
            self._journal(journalled.release(self._migration, self.holder))
        except JournalUnavailable:
            return  # the lease expires by itself

    def _keep(self) -> None:
        while not self._released.wait(RENEW_S):
            try:
                if self.renew().mine:
                    continue
            except JournalUnavailable:
                continue
            except (UnknownMigration, JournalGone):
                pass
            self.lost.set()
            return


def _is_dead(holder: str) -> bool:
    """Whether the holder was a process of this machine that no longer runs."""
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
