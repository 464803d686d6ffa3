"""Released code, extracted from the repository, to record what it writes and to run it."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "golden"
PREVIOUS = "91218e4ff25c3f7a67b5f88e07e8d23698347ee4"
"""The previous release: during a deployment its processes run beside the present ones."""


class ReleaseMissing(Exception):
    """The release is not in this copy of the repository, or there is no repository."""


def is_here(release: str) -> bool:
    """Whether the commit or tag can be extracted."""
    found = subprocess.run(
        ["git", "cat-file", "-e", f"{release}^{{commit}}"], cwd=ROOT, capture_output=True
    )
    return found.returncode == 0


def take_out(release: str, folder: Path) -> Path:
    """Write a release's files to the folder, and return it. Raises ReleaseMissing."""
    if not is_here(release):
        raise ReleaseMissing(release)
    packed = subprocess.run(["git", "archive", release], cwd=ROOT, capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


if __name__ == "__main__" and not is_here(PREVIOUS):
    sys.exit(
        f"test: THE PREVIOUS RELEASE, {PREVIOUS[:12]}, IS NOT IN THIS COPY OF THE REPOSITORY: the "
        "tests that run it beside the present one were LEFT OUT. Fetch the whole history"
    )
