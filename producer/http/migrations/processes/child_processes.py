"""Starts child processes for migrations: planning, reporting, driving."""

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

# Child processes do not need the callers' tokens.
_WITHHELD = ("CARDS_API_TOKENS", "CARDS_API_TOKENS_FILE")
# Arrow's own allocators claim more memory than they use, which would exceed a child's limit.
_ALLOCATOR = {"ARROW_DEFAULT_MEMORY_POOL": "system"}
# Each keeps a core busy.
_PLANS, _REPORTS = 4, 2
# A caller that waits longer for a plan is asked to retry: a proxy would time out about then.
_SLOT_WITHIN_S = 120.0
_END_WITHIN_S = 3.0
_LINE_LIMIT = 1 << 22


class ChildProcesses:
    """Child processes with web's settings; at most four plan and two report at a time."""

    def __init__(
        self, redis: RedisConfig, folder: Path, language: Language, signing: Signing = UNSIGNED
    ) -> None:
        self.folder = folder.absolute()
        self._environ = {k: v for k, v in os.environ.items() if k not in _WITHHELD} | _ALLOCATOR
        self._environ |= {**redis.environ, **signing.environ}
        self._environ["CARDS_MIGRATIONS_DIR"] = str(self.folder)
        self._environ["CARDS_REASONS_LANGUAGE"] = language
        self._plan_slots = asyncio.Semaphore(_PLANS)
        self._report_slots = asyncio.Semaphore(_REPORTS)
        self._running: set[Process] = set()

    @asynccontextmanager
    async def planning(self, job: dict[str, Any], file: int) -> AsyncIterator[PlanningChild]:
        """A child that plans the file with descriptor `file`, and ends with the context.

        If it is entering the migration by then, it completes that and ends by itself.

        Raises:
            UploadsBusy: no slot was free within two minutes.
        """
        try:
            async with asyncio.timeout(_SLOT_WITHIN_S):
                await self._plan_slots.acquire()
        except TimeoutError:
            raise UploadsBusy from None
        try:
            module = ["producer.migrations.processes.plan_process"]
            process = await self._start(module, stdout=PIPE, file=file)
            child = PlanningChild(process)
            self._running.add(process)
            try:
                child.send(json.dumps({**job, "descriptor": file}).encode() + b"\n")
                yield child
            finally:
                self._running.discard(process)
                if not child.entering:
                    await self._end(process)
                child.close()
        finally:
            self._plan_slots.release()

    async def report(self, args: Sequence[str]) -> tuple[int, bytes]:
        """Run `cards migrate` with `report …` or `undo …`; return its exit code and output.

        Cancelling this ends the child.
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
        """Start a driver; it ends when its standard input is closed."""
        process = await self._start(["producer.migrations.processes.run_process"], stdout=DEVNULL)
        assert process.stdin is not None
        process.stdin.write(json.dumps(job).encode() + b"\n")
        return process

    def end(self) -> None:
        """End the children that plan and report; `Drivers` ends the drivers."""
        for process in self._running:
            if process.returncode is None:
                process.terminate()

    async def _start(
        self, module: Sequence[str], *, stdout: int, file: int | None = None
    ) -> Process:
        # In its own session, so that Ctrl-C reaches only the web process, which ends its children.
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
        """End the process if it is running, and remove the files of a killed one."""
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
