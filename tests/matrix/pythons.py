"""Finds the machine's Pythons: on PATH, and in version managers' folders."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.matrix.absent import NotThereError

VERSIONS = ("3.11", "3.12", "3.13", "3.14")

# pyenv, asdf, mise, uv, and Debian-like or hand-made folders, with the version for `{}`.
_FOLDERS = (
    "~/.pyenv/versions/{}*/bin",
    "~/.asdf/installs/python/{}*/bin",
    "~/.local/share/mise/installs/python/{}*/bin",
    "~/.local/share/uv/python/cpython-{}*/bin",
    "/opt/python/{}*/bin",
)
_WHICH = "import sys, ssl; print('%d.%d' % sys.version_info[:2]); print(sys.executable)"


def find_python(version: str, environ: Mapping[str, str] = os.environ) -> Path:
    """The interpreter of `version`, e.g. "3.12": the first on PATH, else the newest elsewhere.

    Raises NotThereError.
    """
    for candidate in _candidates(version, environ):
        if found := _checked(candidate, version):
            return found
    raise NotThereError(f"no Python {version} on PATH or under a version manager")


def _candidates(version: str, environ: Mapping[str, str]) -> Iterator[Path]:
    name = f"python{version}"
    for folder in environ.get("PATH", "").split(os.pathsep):
        yield Path(folder or ".", name)
    for pattern in _FOLDERS:
        home = environ.get("HOME", "/nonexistent")
        folders = Path("/").glob(pattern.format(version).replace("~", home).lstrip("/"))
        for found in sorted(folders, key=_patch, reverse=True):
            yield found / name


def _patch(folder: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", folder.parent.name)]


def _checked(candidate: Path, version: str) -> Path | None:
    """The interpreter itself; a version manager's shim may exist but start nothing."""
    if not os.access(candidate, os.X_OK):
        return None
    ran = subprocess.run([candidate, "-c", _WHICH], capture_output=True, text=True, check=False)
    said = ran.stdout.splitlines()
    return Path(said[1]) if ran.returncode == 0 and said[:1] == [version] else None
