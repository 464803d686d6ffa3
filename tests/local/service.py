"""A service's virtual environment with the wheel installed."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Service:
    """The environment's folder; it sees our dependencies, but not our editable install."""

    folder: Path

    @classmethod
    def install(cls, wheel: Path, folder: Path) -> Self:
        """Create the environment and install the wheel, without a network."""
        venv.create(folder, symlinks=True)
        made = cls(folder)
        options = ("--quiet", "--offline", "--no-index", "--no-deps", "--python")
        subprocess.run([_BIN / "uv", "pip", "install", *options, made.python, wheel], check=True)
        # Python does not read .pth files of a folder that itself is named in one.
        made.packages.joinpath("behind.pth").write_text(sysconfig.get_path("purelib"))
        return made

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        """Where packages are installed."""
        paths = {"base": str(self.folder), "platbase": str(self.folder)}
        return Path(sysconfig.get_path("purelib", "venv", paths))

    def run(self, code: str, **environ: str) -> str:
        """Run code outside a checkout, with this environment only; return what it prints."""
        return self._output([self.python, "-c", code], environ)

    def cards(self, *arguments: str, **environ: str) -> str:
        """Run the command line; return what it prints."""
        return self._output([self.folder / "bin" / "cards", *arguments], environ)

    def _output(self, command: list[str | Path], environ: dict[str, str]) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def type_check(self, script: str, *others: Path) -> list[str]:
        """The errors that mypy --strict finds in `script.py` and other files."""
        file = self.folder / "script.py"
        file.write_text(script)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "mypy", "--strict", "--no-error-summary"),
                *("--config-file=", "--python-executable", str(self.python)),
                *("--cache-dir", str(self.folder / "mypy"), file.name, *map(str, others)),
            ],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not done.stderr, done.stderr
        return [line for line in done.stdout.splitlines() if ": error: " in line]
