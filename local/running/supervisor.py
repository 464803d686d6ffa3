"""Runs programs, restarts them when they end, and stops them all within a given time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from local.processes.guard import Guard, ask_to_end, kill_group
from local.running.console import Console
from producer.security.private_files import UMASK

FIRST_BACKOFF, LAST_BACKOFF = 0.1, 3.0
"""Seconds before a restart: doubled from the first to the last."""
STEADY_SECONDS = 10.0
"""After this long, a process's next restart uses the first backoff again."""
_LONGEST_LINE = 64 * 1024
_NOT_EXECUTED = 127


@dataclass(frozen=True)
class Program:
    """A program to keep running.

    Programs stop in the order of `stop_stage`, those of one stage together; `stop_seconds` is the
    time from SIGTERM to SIGKILL for its group.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(repr=False)
    stop_stage: int = 0
    stop_seconds: float = 5.0
    keep_open: Sequence[int] = ()


class ExitedError(Exception):
    """A process exited before it was ready; a restart would not help."""

    def __init__(self, name: str, code: int, last_line: str) -> None:
        self.name = name
        self.code = code
        super().__init__(f"{name} did not start (exit code {code}): {last_line}".rstrip(": "))


class _Child:
    """A program and its present process."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.ended = asyncio.Event()
        self.ready = False
        self.last_line = ""
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Supervisor:
    """Keeps programs running. Handles SIGCHLD in the running event loop of the main thread."""

    def __init__(self, console: Console, guard: Guard) -> None:
        self._console = console
        self._guard = guard
        self._loop = asyncio.get_running_loop()
        self._children: dict[str, _Child] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self._loop.add_signal_handler(signal.SIGCHLD, self._reap)

    def start(self, program: Program) -> None:
        """Start `program`, and restart it whenever it ends, until `stop()`."""
        child = self._children[program.name] = _Child(program)
        self._keepers.append(self._loop.create_task(self._keep(child)))

    def mark_ready(self, name: str) -> None:
        """From now on restart `name` however it ends.

        Before that, it is restarted only if a signal killed it: a process that exits during its
        start has found a wrong setting or a fault that a restart would repeat.
        """
        self._children[name].ready = True

    async def failed(self) -> None:
        """Raises ExitedError once a program exits before it was ready."""
        done, _ = await asyncio.wait(
            [child.failure for child in self._children.values()],
            return_when=asyncio.FIRST_COMPLETED,
        )
        for failure in done:
            failure.result()

    def pid(self, name: str) -> int | None:
        process = self._children[name].process
        return process.pid if process else None

    async def stop(self) -> None:
        """Stop everything, stage by stage; what exceeds its time is killed."""
        self._stopping.set()
        for stage in sorted({child.program.stop_stage for child in self._children.values()}):
            await asyncio.gather(
                *(
                    self._end(child)
                    for child in self._children.values()
                    if child.program.stop_stage == stage
                )
            )
        await asyncio.gather(*self._keepers)
        for child in self._children.values():
            child.failure.cancel()
        self._loop.remove_signal_handler(signal.SIGCHLD)

    async def _end(self, child: _Child) -> None:
        process = child.process
        if process is None:
            return
        ask_to_end(process.pid)
        try:
            async with asyncio.timeout(child.program.stop_seconds):
                await child.ended.wait()
        except TimeoutError:
            self._console.complain(f"{child.program.name} did not end in time and was killed")
            kill_group(process.pid)
            await child.ended.wait()

    async def _keep(self, child: _Child) -> None:
        backoff = FIRST_BACKOFF
        while not self._stopping.is_set():
            started = time.monotonic()
            code = await self._run(child)
            if self._stopping.is_set():
                return
            if not child.ready and code >= 0:
                name = child.program.name
                child.failure.set_exception(ExitedError(name, code, child.last_line))
                child.failure.exception()  # so that asyncio does not report it a second time
                return
            if time.monotonic() - started > STEADY_SECONDS:
                backoff = FIRST_BACKOFF
            self._console.complain(
                f"{child.program.name} ended ({_reason(code)}); restarting in {backoff:g} s"
            )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(backoff):
                    await self._stopping.wait()
            backoff = min(backoff * 2, LAST_BACKOFF)

    async def _run(self, child: _Child) -> int:
        program = child.program
        try:
            process = self._guard.spawn(
                program.argv,
                env=program.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                umask=UMASK,
                pass_fds=tuple(program.keep_open),
            )
        except OSError as error:
            child.last_line = str(error)
            return _NOT_EXECUTED
        assert process.stdout is not None
        child.ended.clear()
        child.process = process
        output = process.stdout.fileno()
        os.set_blocking(output, False)
        lines = _Lines(self._console, child)
        self._loop.add_reader(output, self._drain, output, lines)
        self._reap()  # it may have ended before `child.process` was set
        await child.ended.wait()
        self._guard.release(process.pid)
        child.process = None
        self._drain(output, lines)
        lines.flush()
        self._loop.remove_reader(output)
        process.stdout.close()
        return process.returncode

    def _drain(self, output: int, lines: _Lines) -> None:
        # Bounded, so that a program that always writes leaves time for signals and the others.
        for _ in range(16):
            try:
                data = os.read(output, 65_536)
            except BlockingIOError:
                return
            if not data:
                self._loop.remove_reader(output)
                return
            lines.feed(data)

    def _reap(self) -> None:
        self._guard.renew()
        for child in self._children.values():
            if child.process is not None and child.process.poll() is not None:
                child.ended.set()


class _Lines:
    """Splits a process's output into lines for the console."""

    def __init__(self, console: Console, child: _Child) -> None:
        self._console = console
        self._child = child
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._print(line)
        if len(self._rest) > _LONGEST_LINE:
            self.flush()

    def flush(self) -> None:
        if self._rest:
            self._print(self._rest)
            self._rest = b""

    def _print(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        if text.strip():
            self._child.last_line = text.strip()
        self._console.line(self._child.program.name, text)


def _reason(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"
