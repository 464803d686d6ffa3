"""The data folder of `make up`, locked by one run at a time."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

from producer.security.private_files import private_folder

# For a few seconds, the guard still ends the processes of a run that was killed.
_LOCK_WAIT_S = 8.0
# The folder's entries; the last three only in a checkout's folder.
_OURS = frozenset(
    {"valkey", "lock", "addresses.json", "addresses.tmp", "cache", "bench-venv", "matrix"}
)


class DataDirBusyError(Exception):
    """Another run holds the folder. The message names its process and what to do."""


class DataDir:
    """Holds an exclusive lock on `path`, until all copies of `lock_fd` are closed.

    Children that write to the folder inherit `lock_fd`, so a new run cannot start while children of
    a killed one are still running.
    """

    def __init__(self, path: Path) -> None:
        """Raises DataDirBusyError, or OSError if the folder cannot be written."""
        self.path = path.absolute()
        self.valkey = self.path / "valkey"
        self._addresses = self.path / "addresses.json"
        private_folder(self.path, _OURS.__contains__, deep=False)
        private_folder(self.valkey, lambda _: True)
        self.lock_fd = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._lock()
        except BaseException:
            os.close(self.lock_fd)
            raise
        os.ftruncate(self.lock_fd, 0)
        os.pwrite(self.lock_fd, b"%d\n" % os.getpid(), 0)
        self._addresses.unlink(missing_ok=True)

    def publish(self, addresses: Mapping[str, str]) -> None:
        """Write the addresses of the running processes to `addresses.json`, for scripts."""
        draft = self._addresses.with_suffix(".tmp")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(json.dumps(addresses, indent=2) + "\n")
        draft.replace(self._addresses)

    def close(self) -> None:
        self._addresses.unlink(missing_ok=True)
        os.close(self.lock_fd)

    def _lock(self) -> None:
        deadline = time.monotonic() + _LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(self.lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                holder = os.pread(self.lock_fd, 32, 0).strip().decode(errors="replace")
                if _is_alive(holder) or time.monotonic() > deadline:
                    raise DataDirBusyError(
                        f"{self.path} is in use by another `make up` (process {holder}): "
                        "end that one, or set CARDS_DATA_DIR to another folder"
                    ) from None
                time.sleep(0.05)


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (ValueError, ProcessLookupError):
        return False
    return True
