"""The cells of the matrix: Pythons, packages and servers, and the tests to run with them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.matrix.pythons import VERSIONS
from tests.matrix.servers import SERVERS

DEFAULT_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The Python of `.venv`."""

_TESTS_OF_A_SERVER = (
    "tests/integration",
    "tests/crash",
    "tests/model",
    "tests/unit/journal",
    "tests/local/test_valkey.py",
)


@dataclass(frozen=True)
class Cell:
    """One run of the tests. `server` is a name in `SERVERS`, or a program's path."""

    name: str
    python: str = DEFAULT_PYTHON
    requirements: str = "dev.txt"
    server: str | None = None
    tests: Sequence[str] = ("tests",)


def all_cells(other_servers: Sequence[Path] = ()) -> list[Cell]:
    """Every cell, in the order they run; `other_servers` add one each."""
    cells = [Cell(f"python{version}", python=version) for version in VERSIONS]
    # Old packages have no wheels for new Pythons.
    cells.append(Cell("oldest-packages", python=VERSIONS[0], requirements="oldest.txt"))
    cells += [Cell(name, server=name, tests=_TESTS_OF_A_SERVER) for name in SERVERS]
    for path in other_servers:
        cells.append(Cell(str(path), server=str(path.absolute()), tests=_TESTS_OF_A_SERVER))
    return cells
