"""Child processes that cannot outlive the process that started them, even if it is killed.

A `Guard` starts one small watcher process (this file, run as a script) that holds the read end of
a pipe. Each child writes its process group into that pipe before it executes its program, so that
no child ever runs unregistered. When the pipe closes, because its owner exited or was killed, the
watcher ends every group still registered. Groups rather than processes, so that grandchildren such
as Celery's prefork children end too. Nothing here is specific to Linux.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

GRACE_SECONDS = 3.0
"""How long group leaders may take to end before the watcher sends SIGKILL to their groups."""


class Guard:
    """Starts processes in their own groups, and ends them with their owner.

    Not thread-safe. `close()` ends every group still registered.
    """

    def __init__(self, *, keep_open: Sequence[int] = ()) -> None:
        """`keep_open`: file descriptors that the watcher holds until the last group has ended."""
        self._keep_open = tuple(keep_open)
        self._groups: set[int] = set()
        self._start_watcher()

    def _start_watcher(self) -> None:
        read_end, self._pipe = os.pipe()
        try:
            self._watcher = subprocess.Popen(
                [sys.executable, "-I", "-S", str(Path(__file__).resolve()), str(read_end)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(read_end, *self._keep_open),
                start_new_session=True,
                cwd="/",
            )
        finally:
            os.close(read_end)

    def spawn(self, argv: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        """Start `argv` as the leader of its own session and process group.

        `options` are those of `subprocess.Popen`. Raises OSError if it cannot be executed.
        """
        self.renew()
        pipe = self._pipe

        def register() -> None:
            os.write(pipe, b"+%d\n" % os.getpid())

        # preexec_fn is safe here: between fork and exec it only writes to a pipe.
        process = subprocess.Popen(
            argv,
            start_new_session=True,
            preexec_fn=register,  # noqa: PLW1509
            **options,
        )
        self._groups.add(process.pid)
        return process

    def release(self, group: int) -> None:
        """Kill the rest of the group of a child that has ended, and unregister it."""
        kill_group(group)
        self._groups.discard(group)
        self._send(b"-%d\n" % group)

    def renew(self) -> None:
        """Start another watcher if the present one was killed."""
        if self._watcher.poll() is None:
            return
        os.close(self._pipe)
        self._start_watcher()
        for group in self._groups:
            self._send(b"+%d\n" % group)

    @property
    def watcher_pid(self) -> int:
        return self._watcher.pid

    def close(self) -> None:
        """End every registered group and the watcher, within about `GRACE_SECONDS`."""
        with contextlib.suppress(OSError):
            os.close(self._pipe)
        self._watcher.wait()

    def _send(self, line: bytes) -> None:
        # A dead watcher is replaced, and sent all groups, by the next renew().
        with contextlib.suppress(BrokenPipeError):
            os.write(self._pipe, line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def kill_group(group: int, signum: int = signal.SIGKILL) -> None:
    """Signal a process group that may have ended."""
    # macOS answers EPERM for a group that has only zombies left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signum)


def ask_to_end(pid: int) -> None:
    """Send SIGTERM to the leader alone, and wake it if it is stopped.

    Celery's parent ends its prefork children itself; a SIGTERM to the whole group would kill them
    in the middle of a command.
    """
    for signum in (signal.SIGTERM, signal.SIGCONT):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signum)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _watch(pipe: int) -> None:
    groups: set[int] = set()
    with os.fdopen(pipe) as lines:
        for line in lines:
            group = int(line[1:])
            if line[0] == "+":
                groups.add(group)
            else:
                groups.discard(group)
    for group in groups:
        ask_to_end(group)
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and any(_is_alive(leader) for leader in groups):
        time.sleep(0.02)
    for group in groups:
        kill_group(group)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    _watch(int(sys.argv[1]))
