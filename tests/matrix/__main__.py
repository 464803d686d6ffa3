"""`make test-matrix`: runs the tests on every available Python, server and set of packages."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from tests.matrix.cells import all_cells
from tests.matrix.environment import ROOT
from tests.matrix.runs import run
from tests.matrix.table import exit_code, table


def main() -> int:
    """Exit status: 1 if a cell failed or none could run, 2 if the options are wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("--only", action="append", metavar="CELL", help="may be repeated")
    parser.add_argument("--list", action="store_true", help="print the cells' names")
    parser.add_argument(
        "--server",
        action="append",
        default=[],
        type=Path,
        help="the program of another server to run the tests on; may be repeated",
    )
    parser.add_argument("--workers", default="0", help="number of pytest processes")
    parser.add_argument("--tests", nargs="+", help="run these instead of a cell's own tests")
    options = parser.parse_args()
    cells = all_cells(options.server)
    if options.list:
        print("\n".join(cell.name for cell in cells))
        return 0
    if unknown := set(options.only or ()) - {cell.name for cell in cells}:
        parser.error(f"no cell {', '.join(sorted(unknown))}; see --list")
    work = ROOT / ".local" / "matrix"
    work.mkdir(parents=True, exist_ok=True)
    chosen = [cell for cell in cells if not options.only or cell.name in options.only]
    if options.tests:
        chosen = [replace(cell, tests=options.tests) for cell in chosen]
    workers = ["-n", options.workers, "--dist", "worksteal"]
    outcomes = [run(cell, work, workers) for cell in chosen]
    print(table(outcomes))
    return exit_code(outcomes)


if __name__ == "__main__":
    sys.exit(main())
