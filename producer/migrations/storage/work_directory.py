"""Folders of work under way: whoever makes one holds it, and what is held by nobody is removed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Self

from producer.migrations.storage.data_directory import WORK, made_private


class WorkDirectory:
    """A folder, mode 0700, in the data folder, gone at the end; a context manager. Raises OSError.

    A process that is killed leaves it, without its lock: `remove_abandoned`.
    """

    def __init__(self, folder: Path) -> None:
        made_private(folder)
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=WORK, dir=folder))
            self._held = _open(self.path)
            if self._held is not None:
                return

    def close(self) -> None:
        """Remove it. May be repeated."""
        if self._held is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._held)
            self._held = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def remove_abandoned(folder: Path) -> int:
    """Remove the work of processes that are gone; answers of how many. Raises OSError.

    Other processes may be at work in the same data folder: theirs stay.
    """
    removed = 0
    for path in folder.glob(f"{WORK}*"):
        held = _open(path)
        if held is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(held)
            removed += 1
    return removed


def _open(path: Path) -> int | None:
    """The folder, locked; None where another has it, or it is gone."""
    try:
        held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        there = path.stat().st_ino == os.fstat(held).st_ino
    except (BlockingIOError, FileNotFoundError):
        there = False
    except BaseException:
        os.close(held)
        raise
    if there:
        return held
    os.close(held)
    return None
