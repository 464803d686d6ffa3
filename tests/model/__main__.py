"""`python -m tests.model --faults 3`: explore further than the tests do; prints what it found."""

from __future__ import annotations

import argparse
import sys
import time

from tests.model.explore import explore
from tests.model.scenarios import DEFAULT, FAILOVERS, FURTHER


def main() -> int:
    """Exit status 1 if a property is violated, or one that should fail holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--faults", type=int, help="most faults in a run (default: as the tests)")
    parser.add_argument("--only", default="", help="explore scenarios whose names contain this")
    options = parser.parse_args()
    violated = False
    for scenario, usual in (*DEFAULT, *FAILOVERS, *FURTHER):
        if options.only in scenario.name:
            started = time.monotonic()
            found = explore(scenario, faults=usual if options.faults is None else options.faults)
            print(f"{found} ({time.monotonic() - started:.1f} s)", flush=True)
            violated = violated or found.violation is not None or bool(found.missed)
    return 1 if violated else 0


if __name__ == "__main__":
    sys.exit(main())
