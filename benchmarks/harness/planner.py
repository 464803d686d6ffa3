"""Plans a file and prints its own peak of memory.

`python -m benchmarks.harness.planner FILE` prints a line of rows, seconds and MB.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from producer.migrations.input.columns.columns import map_columns
from producer.migrations.input.input_file import open_input
from producer.migrations.plan.plan import make_plan

_BYTES_PER_KB = 1024


def main() -> None:
    """Print rows, seconds from opening the file to the plan, and peak resident memory in MB."""
    started = time.monotonic()
    source = open_input(Path(sys.argv[1]))
    with make_plan(source, map_columns(source)) as plan:
        seconds = time.monotonic() - started
        print(plan.rows, seconds, _peak_kb() * _BYTES_PER_KB / 1e6)


def _peak_kb() -> int:
    """Linux's own figure: that of `getrusage` includes the parent process."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (line,) = (one for one in status.splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1])


if __name__ == "__main__":
    main()
