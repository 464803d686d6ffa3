"""A worker's process: started, killed, paused, and started again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from local.processes.guard import Guard

ROOT = Path(__file__).parents[2]
# Nothing should take this long even on a busy machine; waits end with their event.
PATIENCE_S = 45.0


def wait_until(condition: Callable[[], Any], what: str, timeout: float = PATIENCE_S) -> None:
    """Poll until the condition holds, where there is no event to wait for."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.02)


class Worker:
    """A worker that is restarted whenever its process ends, as `make up` does."""

    def __init__(
        self,
        name: str,
        argv: list[str],
        env: dict[str, str],
        log_path: Path,
        sees: Callable[[str], bool],
        tree: Path = ROOT,
    ) -> None:
        """`sees` says whether the worker of a node name is alive; `tree` has its code."""
        self.name, self._argv, self._env = name, argv, env
        self.log_path, self._sees, self._tree = log_path, sees, tree
        self.options: list[str] = []
        self._lock = threading.Lock()
        self._guard = Guard()
        self._restarting = True
        self.starts = 0
        self.exits: list[int] = []
        self._start()
        threading.Thread(target=self._restart, name=f"restart {name}", daemon=True).start()

    @property
    def node(self) -> str:
        """The node name of the current process."""
        return self._node(self.starts)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    @property
    def children(self) -> list[int]:
        """The pool's processes, of a prefork worker."""
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.pid)], capture_output=True, text=True
        )
        return [int(pid) for pid in found.stdout.split()]

    def ready(self) -> Self:
        """Wait until the current process consumes messages."""
        wait_until(lambda: self._sees(self.node), f"{self.name} is not ready: {self.log}")
        return self

    def signal(self, signum: int) -> None:
        os.kill(self.pid, signum)

    def kill(self) -> None:
        """Send SIGKILL to the main process; another is started at once."""
        with self.ending(), suppress(ProcessLookupError):  # it may end by itself
            self.signal(signal.SIGKILL)

    def pause(self) -> None:
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal(signal.SIGCONT)

    @contextmanager
    def ending(self) -> Iterator[None]:
        """After the block, wait until the process has ended and another was started."""
        starts = self.starts
        yield
        wait_until(lambda: self.starts > starts, f"{self.name} does not end")

    def stopped(self) -> bool:
        """Whether the process is stopped by SIGSTOP."""
        found = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(self.pid)], capture_output=True, text=True
        )
        return found.stdout.strip().startswith("T")

    def wait_for_log(self, pattern: str, since: int = 0) -> None:
        """Wait until the log matches the pattern, from an offset on."""
        wait_until(lambda: re.search(pattern, self.log[since:]), f"{pattern} in {self.log}")

    def wait_for_receipts(self, command: str, count: int) -> None:
        """Wait until Celery has received so many messages of the command."""
        receipt = f"[{command}] received"
        wait_until(lambda: self.log.count(receipt) >= count, f"{receipt} is not in {self.log}")

    def close(self) -> None:
        """Kill the process, in any state, and do not restart it."""
        with self._lock:
            self._restarting = False
            self._process.kill()
            self._process.wait()
            self._guard.release(self._process.pid)
            self._guard.close()

    def _start(self) -> None:
        number = self.starts + 1
        with self.log_path.open("ab") as log:
            self._process = self._guard.spawn(
                [*self._argv, *self.options, "-n", self._node(number)],
                env=self._env,
                cwd=self._tree,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.starts = number

    def _node(self, number: int) -> str:
        return f"{self.name}-{number}@stage"

    def _restart(self) -> None:
        while self._restarting:
            if self._process.poll() is not None:
                with self._lock:
                    if self._restarting:
                        self.exits.append(self._process.returncode)
                        self._start()
            time.sleep(0.02)
