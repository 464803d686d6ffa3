"""The processes that the web process starts for migrations."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from producer.contract.messages import Language
from producer.migrations.entering_child import frame
from producer.redis import RedisConfig
from producer.signatures import UNSIGNED, Signing

# Whom the web process lets in is no business of theirs.
_WITHHELD = ("CARDS_API_TOKENS",)
# Uploads mostly wait for their callers; reports keep a core busy each.
_UPLOADS, _REPORTS = 4, 2
_END_WITHIN_S = 3.0


class ChildFailed(Exception):
    """A child ended without an answer; `exit_code` is negative for a signal."""

    def __init__(self, what: str, exit_code: int | None) -> None:
        self.what = what
        self.exit_code = exit_code
        super().__init__(f"{what} ended with exit code {exit_code}")


class Children:
    """Starts them with the web process's settings. Uploads go four at a time, reports two."""

    def __init__(
        self, redis: RedisConfig, folder: Path, language: Language, signing: Signing = UNSIGNED
    ) -> None:
        self.folder = folder.absolute()
        self._environ = {k: v for k, v in os.environ.items() if k not in _WITHHELD}
        self._environ |= {**redis.environ, **signing.environ}
        self._environ["CARDS_MIGRATIONS_DIR"] = str(self.folder)
        self._environ["CARDS_REASONS_LANGUAGE"] = language
        self._upload_turn = asyncio.Semaphore(_UPLOADS)
        self._report_turn = asyncio.Semaphore(_REPORTS)
        self._at_work: set[Process] = set()

    async def enter(self, job: dict[str, Any], file: AsyncIterator[bytes]) -> dict[str, Any]:
        """What `entering_child` answers to the job and the file.

        Raises:
            ChildFailed, and whatever `file` raises.
        """
        async with self._upload_turn:
            code, out = await self._answered(["producer.migrations.entering_child"], job, file)
        if code != 0:
            raise ChildFailed("entering a migration", code)
        told: dict[str, Any] = json.loads(out)
        return told

    async def report(self, args: Sequence[str]) -> tuple[int, bytes]:
        """Exit code and output of `cards migrate report --json` with these arguments."""
        async with self._report_turn:
            command = ["producer.cli", "migrate", "report", "--json", *args]
            return await self._answered(command)

    async def drive(self, job: dict[str, Any]) -> Process:
        """A driver at work; it ends when its standard input is closed."""
        process = await self._start(["producer.migrations.driving_child"], stdout=DEVNULL)
        assert process.stdin is not None
        process.stdin.write(json.dumps(job).encode() + b"\n")
        return process

    def end(self) -> None:
        """End what plans and reports; drivers are ended by who has them."""
        for process in self._at_work:
            if process.returncode is None:
                process.terminate()

    async def _answered(
        self,
        module: Sequence[str],
        job: dict[str, Any] | None = None,
        file: AsyncIterator[bytes] | None = None,
    ) -> tuple[int, bytes]:
        process = await self._start(module, stdout=PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        self._at_work.add(process)
        out = asyncio.create_task(process.stdout.read())
        try:
            if job is not None:
                await _feed(process.stdin, json.dumps(job).encode() + b"\n", file)
            process.stdin.close()
            return await process.wait(), await out
        finally:
            self._at_work.discard(process)
            await _ended(process)
            out.cancel()

    async def _start(self, module: Sequence[str], *, stdout: int) -> Process:
        # Sessions of their own: Ctrl-C is for the web process, which then ends them in order.
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *module,
            stdin=PIPE,
            stdout=stdout,
            env=self._environ,
            start_new_session=True,
        )


async def _feed(
    stdin: asyncio.StreamWriter, line: bytes, file: AsyncIterator[bytes] | None
) -> None:
    """Hand it over as fast as it is read; a child that has seen enough may end before."""
    try:
        stdin.write(line)
        if file is not None:
            async for chunk in file:
                if chunk:
                    stdin.write(frame(chunk))
                    await stdin.drain()
            stdin.write(frame(b""))
    except (BrokenPipeError, ConnectionResetError):
        return


async def _ended(process: Process) -> None:
    """Have it end, where it has not, and remove what it had half done."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _END_WITHIN_S)
    except TimeoutError:
        process.kill()
