"""Temporary work folders, each locked by the process that made it."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Self

from producer.migrations.storage.data_directory import WORK, made_private


class WorkDirectory:
    """A temporary folder, mode 0700, in the data folder; a context manager. Raises OSError.

    A killed process leaves its folder without a lock; `remove_abandoned` deletes it.
    """

    def __init__(self, folder: Path) -> None:
        made_private(folder)
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=WORK, dir=folder))
            self._lock = _locked(self.path)
            if self._lock is not None:
                return

    def close(self) -> None:
        """Remove the folder. May be repeated."""
        if self._lock is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def remove_abandoned(folder: Path) -> int:
    """Remove work folders of dead processes and return how many. Raises OSError.

    Folders of live processes stay: several processes may share a data folder.
    """
    removed = 0
    for path in folder.glob(f"{WORK}*"):
        lock = _locked(path)
        if lock is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)
            removed += 1
    return removed


def _locked(path: Path) -> int | None:
    """The folder's descriptor, locked; None where another process has the lock, or it is gone."""
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Another process may have removed the folder before it was locked.
        same = path.stat().st_ino == os.fstat(lock).st_ino
    except (BlockingIOError, FileNotFoundError):
        same = False
    except BaseException:
        os.close(lock)
        raise
    if same:
        return lock
    os.close(lock)
    return None
