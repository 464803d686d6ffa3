"""The data folder with copies, results and uploads: private, since it holds ids and tokens."""

from __future__ import annotations

import re
from pathlib import Path

from producer.security.private_files import private_folder, tightened

WORK = "work-"
"""Prefix of temporary work folders."""

# Results with SQLite's own journals, copies, and files in progress.
_OURS = re.compile(r"mig_[0-9a-f]{24}\.sqlite(?:-wal|-shm|-journal)?|(?:input|report|plan|work)-.*")
_UPLOADS = "uploads"


def made_private(folder: Path) -> Path:
    """The folder, created with private permissions if missing. Raises OSError."""
    return private_folder(folder, _ours)


def tighten_folder(folder: Path) -> None:
    """Restrict permissions that an earlier version or a umask left open. Raises OSError."""
    tightened(folder, _ours)


def _ours(name: str) -> bool:
    return name == _UPLOADS or _OURS.fullmatch(name) is not None
