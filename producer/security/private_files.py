"""Folders and files that their owner alone can read, whatever the umask."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

UMASK = 0o077
"""For processes that make files here."""
_OTHERS = 0o077


def private_folder(folder: Path, ours: Callable[[str], bool], *, deep: bool = True) -> Path:
    """The folder, made, mode 0700, where it is missing; `tightened` where it is there.

    Raises OSError where it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        if not folder.is_dir():
            raise
        tightened(folder, ours, deep=deep)
    return folder


def tightened(folder: Path, ours: Callable[[str], bool], *, deep: bool = True) -> None:
    """Take others' rights to the folder, and to what is in it, where it is ours.

    That is, where this user owns it and each name in it is `ours`: a home directory that somebody
    named as the folder stays as it is, but for what is ours in it. Folders in it are gone through
    where it is `deep`.
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
