"""Records what a release writes: `make golden RELEASE=…`, a tag or commit of this repository."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.compatibility.releases import GOLDEN, take_out

_SCENE = Path(__file__).with_name("scene.py")


def record(release: str) -> Path:
    """Run the scene with that release's code; return the file.

    Raises:
        ReleaseMissing: the release is not in this copy of the repository.
        subprocess.CalledProcessError: the scene failed; its output says why.
    """
    out = GOLDEN / f"{release[:12]}.json"
    with tempfile.TemporaryDirectory() as folder:
        tree = take_out(release, Path(folder))
        subprocess.run(
            [sys.executable, "-P", str(_SCENE), str(out)],
            cwd=tree,
            env=environment(tree),
            check=True,
        )
    return out


def environment(tree: Path) -> dict[str, str]:
    """An environment in which Python finds a tree's modules first, then those of this folder."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("CARDS_", "STRIPE_"))}
    path = os.pathsep.join([str(tree), str(_SCENE.parent)])
    return {**ours, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1]:
        sys.exit("make golden RELEASE=…: a tag or commit of this repository")
    sys.stdout.write(f"wrote {record(sys.argv[1])}\n")
