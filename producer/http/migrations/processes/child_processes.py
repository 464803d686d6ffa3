"""The processes that the web process starts for migrations."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from producer.contract.texts import Language
from producer.http.migrations.processes.planning import ChildFailed, PlanningChild
from producer.http.migrations.upload_storage import UploadsBusy
from producer.migrations.storage.work_directory import remove_abandoned
from producer.redis import RedisConfig
from producer.security.command_signatures import UNSIGNED, Signing

# Whom the web process lets in is no business of theirs.
_WITHHELD = ("CARDS_API_TOKENS", "CARDS_API_TOKENS_FILE")
# So that a child's bound on its memory is one: Arrow's own allocators claim more than they use.
_MODEST = {"ARROW_DEFAULT_MEMORY_POOL": "system"}
# Each keeps a core busy.
_PLANS, _REPORTS = 4, 2
# Who has waited so long for a plan is told to come again: a proxy would give up about then.
_SLOT_WITHIN_S = 120.0
_END_WITHIN_S = 3.0
_LINE_LIMIT = 1 << 22


class ChildProcesses:
    """Starts them with the web process's settings. Plans are made four at a time, reports two."""

    def __init__(
        self, redis: RedisConfig, folder: Path, language: Language, signing: Signing = UNSIGNED
    ) -> None:
        self.folder = folder.absolute()
        self._environ = {k: v for k, v in os.environ.items() if k not in _WITHHELD} | _MODEST
        self._environ |= {**redis.environ, **signing.environ}
        self._environ["CARDS_MIGRATIONS_DIR"] = str(self.folder)
        self._environ["CARDS_REASONS_LANGUAGE"] = language
        self._plan_slots = asyncio.Semaphore(_PLANS)
        self._report_slots = asyncio.Semaphore(_REPORTS)
        self._running: set[Process] = set()

    @asynccontextmanager
    async def planning(self, job: dict[str, Any], file: int) -> AsyncIterator[PlanningChild]:
        """A child that plans the file of that descriptor, and ends with the context.

        Unless the migration is being entered by then: that goes on, and ends by itself.

        Raises:
            UploadsBusy: there was no turn within two minutes.
        """
        try:
            async with asyncio.timeout(_SLOT_WITHIN_S):
                await self._plan_slots.acquire()
        except TimeoutError:
            raise UploadsBusy from None
        try:
            module = ["producer.migrations.processes.plan_process"]
            process = await self._start(module, stdout=PIPE, file=file)
            made = PlanningChild(process)
            self._running.add(process)
            try:
                made.send(json.dumps({**job, "descriptor": file}).encode() + b"\n")
                yield made
            finally:
                self._running.discard(process)
                if not made.entering:
                    await self._end(process)
                made.close()
        finally:
            self._plan_slots.release()

    async def report(self, args: Sequence[str]) -> tuple[int, bytes]:
        """Exit code and output of `cards migrate` with these arguments, `report …` or `undo …`.

        The child ends where this is cancelled.
        """
        async with self._report_slots:
            command = ["producer.cli", "migrate", *args, "--json"]
            process = await self._start(command, stdout=PIPE)
            self._running.add(process)
            try:
                out, _ = await process.communicate()
                return await process.wait(), out
            finally:
                self._running.discard(process)
                await self._end(process)

    async def drive(self, job: dict[str, Any]) -> Process:
        """A driver at work; it ends when its standard input is closed."""
        process = await self._start(["producer.migrations.processes.run_process"], stdout=DEVNULL)
        assert process.stdin is not None
        process.stdin.write(json.dumps(job).encode() + b"\n")
        return process

    def end(self) -> None:
        """End what plans and reports; drivers are ended by who has them."""
        for process in self._running:
            if process.returncode is None:
                process.terminate()

    async def _start(
        self, module: Sequence[str], *, stdout: int, file: int | None = None
    ) -> Process:
        # Sessions of their own: Ctrl-C is for the web process, which then ends them in order.
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *module,
            stdin=PIPE,
            stdout=stdout,
            env=self._environ,
            start_new_session=True,
            pass_fds=() if file is None else (file,),
            limit=_LINE_LIMIT,
        )

    async def _end(self, process: Process) -> None:
        """Have it end, where it has not, and remove what it had half done."""
        if process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _END_WITHIN_S)
        except TimeoutError:
            process.kill()
            await process.wait()
            await asyncio.to_thread(remove_abandoned, self.folder)


__all__ = ["ChildFailed", "ChildProcesses", "PlanningChild"]
