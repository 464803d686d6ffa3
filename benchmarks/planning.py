"""How long a file of a million rows takes to be planned, and how much memory."""

from __future__ import annotations

import random
import string
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.stage import ROOT, Stage
from benchmarks.table import Row, bounded, compared

_ALPHABET = string.ascii_letters + string.digits
_FEW = 10_000
_GOAL_S, _GOAL_MB = 60, 300
_MILLION = 1_000_000


def run(_stage: Stage, quick: bool, _python: Path | None) -> list[Row]:
    """Stripe's copy file, with repetitions and bad rows in it; each plan in a process of its own.

    The goals are those of a million rows, for fewer in proportion.
    """
    rows = 100_000 if quick else _MILLION
    with TemporaryDirectory(prefix="cards-planning-") as folder:
        _, few_mb = _plan(_written(Path(folder), _FEW), _FEW)
        seconds, mb = _plan(_written(Path(folder), rows), rows)
    what = f"{rows:,} rows planned"
    return [
        bounded(what, seconds, unit="s", at_most=_GOAL_S * rows / _MILLION),
        bounded(f"{what}, peak memory", mb, unit="MB", at_most=_GOAL_MB),
        compared(f"{what}, peak memory", mb, f"{_FEW:,} rows", few_mb, unit="MB"),
    ]


def _plan(path: Path, rows: int) -> tuple[float, float]:
    """Seconds and MB."""
    argv = [sys.executable, "-m", "benchmarks.planner", str(path)]
    said = subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    planned, seconds, mb = said.split()
    if int(planned) != rows:
        raise RuntimeError(f"{planned} rows were planned, not {rows}")
    return float(seconds), float(mb)


def _written(folder: Path, rows: int) -> Path:
    chance = random.Random(20261125)
    path = folder / f"{rows}.csv"

    def name(length: int) -> str:
        return "".join(chance.choices(_ALPHABET, k=length))

    with path.open("w") as file:
        file.write("customer_id_old,source_id_old,customer_id_new,source_id_new\n")
        line = ""
        for number in range(rows):
            if number % 1_000 == 1:  # a repetition
                file.write(line)
                continue
            prefix = "bad_" if number % 1_000 == 2 else "cus_"
            old = f"cus_{name(14)},card_{name(24)}"
            line = f"{old},{prefix}{name(14)},card_{name(24)}\n"
            file.write(line)
    return path
