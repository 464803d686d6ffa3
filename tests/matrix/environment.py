"""Creates a virtual environment for a Python and a file of pinned requirements."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tests.matrix.absent import NotThereError

ROOT = Path(__file__).resolve().parents[2]


def environment(python: Path, requirements: Path, folder: Path) -> Path:
    """The interpreter of the environment in `folder`, recreated if it does not match.

    Raises NotThereError if a package is not available for this Python.
    """
    made = folder / "bin" / "python"
    stamp = folder / "made-of"
    wanted = _digest(python, requirements)
    if made.exists() and stamp.exists() and stamp.read_text() == wanted:
        return made
    shutil.rmtree(folder, ignore_errors=True)
    _uv("venv", "--quiet", "--python", str(python), str(folder))
    # Compiled once: the tests start many workers, possibly where bytecode cannot be written.
    options = ["--quiet", "--python", str(made)]
    _uv("pip", "sync", "--compile-bytecode", "--require-hashes", *options, str(requirements))
    own = ["--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    _uv("pip", "install", *options, *own)
    stamp.write_text(wanted)
    return made


def _digest(python: Path, requirements: Path) -> str:
    parts = [str(python).encode(), str(ROOT).encode()]
    parts += [path.read_bytes() for path in (requirements, ROOT / "pyproject.toml")]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _uv(*arguments: str) -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        raise NotThereError("no uv to make an environment with")
    ran = subprocess.run([uv, *arguments], capture_output=True, text=True, check=False, cwd=ROOT)
    if ran.returncode:
        raise NotThereError(f"uv {arguments[0]}: {' '.join(ran.stderr.split())[-300:]}")
