"""Folders and files that only their owner can read, whatever the umask."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

UMASK = 0o077
"""For processes that create files in such folders."""
_OTHERS = 0o077


def private_folder(folder: Path, ours: Callable[[str], bool], *, deep: bool = True) -> Path:
    """The folder: created with mode 0700 if it is missing, else `tightened`.

    Raises OSError if it cannot be created.
    """
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        if not folder.is_dir():
            raise
        tightened(folder, ours, deep=deep)
    return folder


def tightened(folder: Path, ours: Callable[[str], bool], *, deep: bool = True) -> None:
    """Remove other users' rights to the folder and its content, as far as they are ours.

    The folder is ours if this user owns it and every name in it is `ours`. So if the folder is a
    home directory, only our own files in it are changed. `deep` includes subfolders.
    """
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if not entry.is_symlink()]
    except FileNotFoundError:
        return
    known = [entry for entry in found if ours(entry.name)]
    if len(known) == len(found):
        _tighten(folder)
    for entry in known:
        if deep and entry.is_dir():
            tightened(Path(entry.path), lambda _: True)
        else:
            _tighten(Path(entry.path))


def _tighten(path: Path) -> None:
    try:
        about = path.stat()
        mode = stat.S_IMODE(about.st_mode)
        if about.st_uid == os.geteuid() and mode & _OTHERS:
            path.chmod(mode & ~_OTHERS)
    except FileNotFoundError:
        return  # removed meanwhile
