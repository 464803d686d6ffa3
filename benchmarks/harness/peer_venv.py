"""The peers' own environment: they need another version of redis-py than Celery."""

from __future__ import annotations

import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from benchmarks.harness.stage import ROOT

_PINS = ROOT / "requirements" / "bench.txt"
_FOLDER = ROOT / ".local" / "bench-venv"
_INSTALL_S = 300


def peer_python() -> Path | None:
    """The Python of the peers' environment, created on first use; None if that fails."""
    python = _FOLDER / "bin" / "python"
    stamp = _FOLDER / "installed"
    wanted = f"{sys.version} {sha256(_PINS.read_bytes()).hexdigest()}"
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    print("making .local/bench-venv from requirements/bench.txt ...", file=sys.stderr)
    try:
        _run(sys.executable, "-m", "venv", "--clear", "--without-pip", str(_FOLDER))
        uv = Path(sys.executable).with_name("uv")
        _run(
            str(uv) if uv.exists() else (shutil.which("uv") or "uv"),
            *("pip", "sync", "--quiet", "--python", str(python), "--require-hashes", str(_PINS)),
        )
    except (OSError, subprocess.SubprocessError) as error:
        print(f"without the peers: {error}", file=sys.stderr)
        return None
    stamp.write_text(wanted)
    return python


def has(python: Path, package: str) -> bool:
    """Whether the peers' environment has the package."""
    found = subprocess.run([python, "-c", f"import {package}"], capture_output=True, check=False)
    return found.returncode == 0


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, timeout=_INSTALL_S, stdout=subprocess.DEVNULL)
