"""Starts `dummy_up.py` and waits for what it says and for its end."""

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
"""What `make up` promises for its end (docs/operations-local.md)."""
_PATIENCE_SECONDS = 60.0


class Running:
    """One `make up`, or another command around it, with its output and its processes."""

    def __init__(self, command: list[str], environ: dict[str, str]) -> None:
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
        )
        os.close(held)
        self.seen: list[str] = []

    def line(self, pattern: str) -> re.Match[str]:
        """The next line of output in which `pattern` is found."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.seen.append(line)
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f"ended without a line like {pattern!r}:\n{''.join(self.seen)}")

    def until_ready(self) -> Self:
        # It may stand before the line that was last waited for.
        if not any(READY in line for line in self.seen):
            self.line(READY)
        return self

    def ended(self, timeout: float = STOP_SECONDS) -> int:
        """The exit code, once the process has ended and nothing it started is left."""
        code = self.process.wait(timeout)
        self.all_gone(timeout)
        return code

    def all_gone(self, timeout: float = STOP_SECONDS) -> None:
        """Returns when no process holds the pipe that all of them inherited."""
        readable, _, _ = select.select([self.alive], [], [], timeout)
        assert readable, "a process is left"

    def rest(self) -> str:
        """What was printed in all, once it has ended."""
        assert self.process.stdout is not None
        return "".join(self.seen) + self.process.stdout.read()

    def close(self) -> None:
        print("".join(self.seen))  # pytest shows it where the test failed
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(_PATIENCE_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        os.close(self.alive)


def up_command(*options: str) -> list[str]:
    return [sys.executable, str(DUMMY_UP), *options]
