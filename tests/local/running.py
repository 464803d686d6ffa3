"""Starts `dummy_up.py` and waits for its output and its end."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
DUMMY_UP = Path(__file__).with_name("dummy_up.py")
READY = "card-commands is up"

STOP_SECONDS = 10.0
"""The time in which `make up` ends (docs/operations-local.md)."""
_PATIENCE_SECONDS = 60.0


class Running:
    """A running `make up`, or another command around it, with its output and its processes."""

    def __init__(
        self,
        command: list[str],
        environ: dict[str, str],
        hangup: signal.Handlers = signal.SIG_DFL,
    ) -> None:
        """`hangup` is its initial handler of SIGHUP, however the tests themselves were started."""
        self.alive, held = os.pipe()
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **environ, "DUMMY_FD": str(held), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=[held],
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, hangup),  # noqa: PLW1509
        )
        os.close(held)
        self.seen: list[str] = []

    def line(self, pattern: str) -> re.Match[str]:
        """Return the next line of output that matches `pattern`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.seen.append(line)
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f"ended without a line like {pattern!r}:\n{''.join(self.seen)}")

    def until_ready(self) -> Self:
        # The line may have come before the last awaited one.
        if not any(READY in line for line in self.seen):
            self.line(READY)
        return self

    def ended(self, timeout: float = STOP_SECONDS) -> int:
        """Return the exit code, once the process and all that it started have ended."""
        code = self.process.wait(timeout)
        self.all_gone(timeout)
        return code

    def all_gone(self, timeout: float = STOP_SECONDS) -> None:
        """Wait until no process holds the pipe that all of them inherited."""
        readable, _, _ = select.select([self.alive], [], [], timeout)
        assert readable, "a process is left"

    def rest(self) -> str:
        """Return all output, once the process has ended."""
        assert self.process.stdout is not None
        return "".join(self.seen) + self.process.stdout.read()

    def close(self) -> None:
        print("".join(self.seen))  # pytest shows it if the test fails
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(_PATIENCE_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        os.close(self.alive)


def up_command(*options: str) -> list[str]:
    return [sys.executable, str(DUMMY_UP), *options]
