"""How long planning a file of a million rows takes, and how much memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.harness.planned_files import SHAPES, written
from benchmarks.harness.stage import ROOT, Stage
from benchmarks.harness.table import Row, bounded, compared

_FEW = 10_000
_GOAL_S, _GOAL_MB = 60, 300
_MILLION = 1_000_000


def run(_stage: Stage, quick: bool, _python: Path | None) -> list[Row]:
    """Plan Stripe's copy file, with repetitions and bad rows, each time in a new process.

    The goals are for a million rows, and proportional for fewer. All formats are streamed except
    Excel, whose table of texts is held in memory.
    """
    rows = 100_000 if quick else _MILLION
    what = f"{rows:,} rows planned"
    at_most = _GOAL_S * rows / _MILLION
    with TemporaryDirectory(prefix="cards-planning-") as name:
        folder = Path(name)
        _, few_mb = _plan(written(folder, _FEW), _FEW)
        source = written(folder, rows)
        seconds, mb = _plan(source, rows)
        found = [
            bounded(what, seconds, unit="s", at_most=at_most),
            bounded(f"{what}, peak memory", mb, unit="MB", at_most=_GOAL_MB),
            compared(f"{what}, peak memory", mb, f"{_FEW:,} rows", few_mb, unit="MB"),
        ]
        for shape, write in SHAPES.items():
            path = folder / "shape"
            write(source, path)
            seconds, mb = _plan(path, rows)
            path.unlink()
            named = f"{what}, {shape}"
            found.append(bounded(named, seconds, unit="s", at_most=at_most))
            found.append(bounded(f"{named}, peak memory", mb, unit="MB", at_most=_GOAL_MB))
    return found


def _plan(path: Path, rows: int) -> tuple[float, float]:
    """Seconds and MB."""
    argv = [sys.executable, "-m", "benchmarks.harness.planner", str(path)]
    output = subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    planned, seconds, mb = output.split()
    if int(planned) != rows:
        raise RuntimeError(f"{planned} rows were planned, not {rows}")
    return float(seconds), float(mb)
