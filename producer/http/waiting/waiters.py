"""Lets many callers wait for commands to end, driven by publications rather than polling."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice

from producer.contract import CommandStatus, State
from producer.http.waiting.background_tasks import end
from producer.http.waiting.bulkhead import JournalBulkhead
from producer.http.waiting.subscriptions import Subscriptions
from producer.journal import JournalFault, JournalUnavailable, RecordDamaged, statuses

log = logging.getLogger(__name__)

# How long to wait for a subscription before going on without it; polling then covers for it.
CONFIRM_S = 1.0
# A safety net: a live connection loses no publications.
POLL_S = 5.0
_BATCH = 200
_STATES = frozenset(State)


class Watch:
    """One caller's wait for one command."""

    def __init__(self, waiters: Waiters, command_id: str) -> None:
        self.command_id = command_id
        self.state = State.QUEUED
        self.since = asyncio.get_running_loop().time()
        self._waiters = waiters
        self._end: asyncio.Future[CommandStatus | None] = asyncio.get_running_loop().create_future()
        self._confirmation = waiters.subscriptions.add(command_id, self.on_publication)

    async def confirmed(self) -> None:
        """Return once no change can be missed, at the latest after `CONFIRM_S` seconds."""
        if not self._confirmation.done():
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._confirmation), CONFIRM_S)

    async def end(self, deadline: float) -> CommandStatus | None:
        """The command's status once it has ended; None at the deadline (loop time) or a stop.

        Raises:
            RecordDamaged: the command's record cannot be read.
        """
        if not self._end.done():
            loop = asyncio.get_running_loop()
            timer = loop.call_at(deadline, self.give_up)
            try:
                await self._end
            finally:
                timer.cancel()
        return self._end.result()

    def on_publication(self, publication: str | None) -> None:
        """Handle a publication: only an end state is worth a read."""
        if publication in _STATES:
            self.state = State(publication)
        if publication not in _STATES or self.state.ended:
            self._waiters.read_soon(self.command_id)

    def on_status(self, status: CommandStatus) -> None:
        """Handle a status that was read."""
        self.state = status.state
        if status.ended and not self._end.done():
            self._end.set_result(status)

    def on_damaged(self, damaged: RecordDamaged) -> None:
        """Fail the wait: the command's record cannot be read."""
        if not self._end.done():
            self._end.set_exception(RecordDamaged(damaged.id, damaged.what))
            self._end.exception()  # retrieved, in case the caller has gone

    def give_up(self) -> None:
        """Stop waiting."""
        if not self._end.done():
            self._end.set_result(None)


class Waiters:
    """All waiting callers. Statuses of ended commands are read in batches."""

    def __init__(self, journal: JournalBulkhead, subscriptions: Subscriptions) -> None:
        self.subscriptions = subscriptions
        self._journal = journal
        self._watches: dict[str, set[Watch]] = {}
        self._to_read: dict[str, None] = {}
        self._work = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.released = asyncio.Event()
        """Set when the process stops: no caller waits any more."""

    def start(self) -> None:
        """Start the background tasks."""
        self._tasks = [
            asyncio.create_task(self._read_pending()),
            asyncio.create_task(self._poll()),
        ]

    async def stop(self) -> None:
        """Release all callers and end the background tasks."""
        self.release()
        await end(*self._tasks)

    def release(self) -> None:
        """End all present and future waits."""
        self.released.set()
        for watches in self._watches.values():
            for watch in watches:
                watch.give_up()

    def count(self) -> int:
        """The number of waiting callers."""
        return sum(map(len, self._watches.values()))

    @contextmanager
    def watch(self, command_id: str) -> Iterator[Watch]:
        """Watch a command; `Watch.confirmed` says from when on no change is missed."""
        watch = Watch(self, command_id)
        self._watches.setdefault(command_id, set()).add(watch)
        if self.released.is_set():
            watch.give_up()
        try:
            yield watch
        finally:
            self.subscriptions.remove(command_id, watch.on_publication)
            watches = self._watches[command_id]
            watches.discard(watch)
            if not watches:
                del self._watches[command_id]

    def read_soon(self, command_id: str) -> None:
        """Read the command's status in the next batch."""
        self._to_read[command_id] = None
        self._work.set()

    async def _read_pending(self) -> None:
        while True:
            await self._work.wait()
            batch = list(islice(self._to_read, _BATCH))
            for command_id in batch:
                del self._to_read[command_id]
            ids = [command_id for command_id in batch if command_id in self._watches]
            if not self._to_read:
                self._work.clear()
            if not ids:
                continue
            try:
                found = await self._journal(statuses(ids))
            except JournalUnavailable as error:
                log.warning("reading ended commands: %s", error)
                continue  # polling, or the restored connection, triggers another read
            except JournalFault as error:
                log.error("reading ended commands: %s", error.cause)
                continue
            for command_id, status in zip(ids, found, strict=True):
                for watch in tuple(self._watches.get(command_id, ())):
                    if isinstance(status, RecordDamaged):
                        watch.on_damaged(status)
                    elif status is not None:
                        watch.on_status(status)

    async def _poll(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(POLL_S)
            before = loop.time() - POLL_S
            for command_id, watches in self._watches.items():
                if any(watch.since <= before for watch in watches):
                    self.read_soon(command_id)
