"""The processes of a run: restarted whenever they end, killed and paused on demand."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.processes.guard import Guard, ask_to_end, kill_group

# PYTHONDONTWRITEBYTECODE among them: compiling once makes the many restarts quick.
_NOT_PASSED_ON = ("REDIS_URL", "HOST", "PORT", "PYTHONDONTWRITEBYTECODE")


class Member:
    """A process in its own group; its output goes to a file."""

    def __init__(
        self, name: str, argv: Sequence[str], env: Mapping[str, str], *, guard: Guard, log: Path
    ) -> None:
        self.name = name
        self.log = log
        self.paused = False
        self._argv = argv
        self._env = env
        self._guard = guard
        self._process: subprocess.Popen[bytes] | None = None
        self._expected = False

    def start(self) -> None:
        """Raises OSError if the program cannot be executed."""
        with self.log.open("ab") as output:
            self._process = self._guard.spawn(
                self._argv,
                env=dict(self._env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._expected = self.paused = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def kill(self) -> None:
        """Send SIGKILL to the group."""
        self._expected = True
        if self._process is not None:
            kill_group(self._process.pid)

    def pause(self) -> None:
        """Send SIGSTOP to the group."""
        self.paused = True
        if self._process is not None:
            kill_group(self._process.pid, signal.SIGSTOP)

    def resume(self, pid: int | None) -> None:
        """Send SIGCONT to the group, if the paused process still runs."""
        if self._process is not None and self._process.pid == pid:
            kill_group(self._process.pid, signal.SIGCONT)
            self.paused = False

    def ask_to_end(self) -> None:
        """Send SIGTERM, as a deployment does."""
        self._expected = True
        if self._process is not None:
            ask_to_end(self._process.pid)

    def revive(self) -> int | None:
        """Restart the process if it has ended; return its exit code if that was unexpected."""
        if self._process is None or self._process.poll() is None:
            return None
        code, unexpected = self._process.returncode, not self._expected
        self._guard.release(self._process.pid)
        self.start()
        return code if unexpected else None


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without the product's settings, and with `settings`."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CARDS_", "STRIPE_")) and name not in _NOT_PASSED_ON
    }
    return {**inherited, "PYTHONUNBUFFERED": "1", **settings}
