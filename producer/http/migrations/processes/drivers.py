"""Keeps a driver process running for every migration uploaded to this machine that should run."""

from __future__ import annotations

import asyncio
import logging
from asyncio.subprocess import Process
from dataclasses import dataclass, replace

from producer.http.migrations.processes.child_processes import ChildProcesses
from producer.http.waiting.background_tasks import end
from producer.journal import JournalUnavailable
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationState, MigrationStatus
from producer.migrations.processes.run_process import JOURNAL_LOST, PILOT_ENDED
from producer.migrations.registry import Registry
from producer.migrations.storage.uploads import Upload, Uploads

log = logging.getLogger(__name__)

CHECK_EVERY_S = 2.0
# Each driver is a process of some 60 MB.
MAX_DRIVERS = 4
_STOP_WITHIN_S = 4.0
_LONGEST_PAUSE_S = 60.0
_IN_FLIGHT = (RowState.SENT, RowState.UNKNOWN)


@dataclass(slots=True)
class _Failure:
    """A driver that ended with an error: how often, and when to try again (loop time)."""

    times: int
    retry_at: float


class Drivers:
    """Checks every two seconds, and at once after `wake`.

    If several web processes share a machine, or a command line drives, the lease decides: a
    second driver finds the lease held and ends.
    """

    def __init__(
        self, registry: Registry, uploads: Uploads, child_processes: ChildProcesses
    ) -> None:
        self._registry = registry
        self._uploads = uploads
        self._child_processes = child_processes
        self._running: dict[str, Process] = {}
        self._failures: dict[str, _Failure] = {}
        self._known: set[str] = set()
        self._ended: set[str] = set()
        self._to_finish: set[str] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start to check."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Let all drivers record what has ended, and end them."""
        await end(self._task)
        processes = list(self._running.values())
        for process in processes:
            if process.stdin is not None:
                process.stdin.close()
        if processes:
            waits = [asyncio.create_task(process.wait()) for process in processes]
            _, late = await asyncio.wait(waits, timeout=_STOP_WITHIN_S)
            for process in processes:
                if process.returncode is None:
                    process.kill()
            if late:
                await asyncio.wait(late)

    def wake(self) -> None:
        """Check now."""
        self._wake.set()

    def finish(self, migration: str) -> None:
        """Complete the cancelling of a migration, even if its file is not on this machine."""
        self._to_finish.add(migration)
        self.wake()

    def forget(self, migration: str) -> None:
        """Forget the migration's state, in case it is uploaded again."""
        self._ended.discard(migration)
        self._failures.pop(migration, None)

    async def release(self, migration: str) -> None:
        """End this process's driver of the migration, if any; another may follow."""
        process = self._running.get(migration)
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _STOP_WITHIN_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    def driven_here(self, migration: str) -> bool:
        """Whether this process drives the migration, or will whenever it should run."""
        return migration in self._known

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self._check()
            except JournalUnavailable as error:
                log.warning("looking for migrations to drive: %s", error)
            except OSError as error:
                log.error("looking for migrations to drive: %s", error)
            try:
                await asyncio.wait_for(self._wake.wait(), CHECK_EVERY_S)
            except TimeoutError:
                continue

    async def _check(self) -> None:
        await self._reap()
        uploads = {u.migration: u for u in await asyncio.to_thread(self._uploads.all)}
        self._known = uploads.keys() | self._to_finish
        # Another web process may have forgotten a migration, which may be uploaded again.
        self._ended &= self._known
        wanted = self._known - self._ended - self._running.keys()
        for migration in sorted(wanted):
            status = await asyncio.to_thread(self._registry.find, migration)
            if status is None:
                continue
            if status.state.ended:
                self._ended.add(migration)
                self._to_finish.discard(migration)
                continue
            failure = self._failures.get(migration)
            soon = failure and failure.retry_at > asyncio.get_running_loop().time()
            if not soon and len(self._running) < MAX_DRIVERS and _should_run(status):
                await self._start(migration, uploads.get(migration))

    async def _start(self, migration: str, upload: Upload | None) -> None:
        if upload is None and migration not in self._to_finish:
            return
        job = {
            "migration": migration,
            "folder": str(self._uploads.folder),
            "file": str(self._uploads.path(upload)) if upload else None,
            "stopAfter": upload.stop_after if upload else None,
            "stopAfterPercent": upload.stop_after_percent if upload else None,
            "limit": upload.limit if upload else None,
        }
        process = await self._child_processes.drive(job)
        self._running[migration] = process
        log.info("driving %s in process %d", migration, process.pid)
        waiting = asyncio.create_task(process.wait())
        waiting.add_done_callback(lambda _: self.wake())

    async def _reap(self) -> None:
        """Forget ended drivers, and record failures."""
        for migration, process in list(self._running.items()):
            if process.returncode is None:
                continue
            del self._running[migration]
            if process.returncode in (0, PILOT_ENDED):
                self._failures.pop(migration, None)
                if process.returncode == PILOT_ENDED:
                    await asyncio.to_thread(self._end_pilot, migration)
                continue
            if process.returncode == JOURNAL_LOST:
                log.critical(
                    "%s has stopped: Redis has lost the data it was started with", migration
                )
            else:
                log.warning("the driver of %s ended with code %d", migration, process.returncode)
            times = self._failures.get(migration, _Failure(0, 0.0)).times + 1
            # No pause after a single failure, such as a kill; growing pauses for a lasting error.
            pause = 0.0 if times == 1 else min(CHECK_EVERY_S * 2**times, _LONGEST_PAUSE_S)
            retry_at = asyncio.get_running_loop().time() + pause
            self._failures[migration] = _Failure(times, retry_at)

    def _end_pilot(self, migration: str) -> None:
        """Remove the limit: a resumed migration sends the rest."""
        upload = self._uploads.get(migration)
        if upload is not None:
            self._uploads.keep(replace(upload, limit=None))


def _should_run(status: MigrationStatus) -> bool:
    if status.driver is not None:
        return False
    if status.state in (MigrationState.RUNNING, MigrationState.CANCELLING):
        return True
    # Paused or stopped, with rows in flight whose end must still be recorded.
    return any(status.counts.get(state) for state in _IN_FLIGHT)
