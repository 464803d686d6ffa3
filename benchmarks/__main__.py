"""`python -m benchmarks [--quick] [--only NAME] [--limit-seconds N] [--limit-cells R:W ...]`."""

from __future__ import annotations

import argparse
import signal
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TypeAlias

from benchmarks.harness import machine
from benchmarks.harness.peer_venv import peer_python
from benchmarks.harness.stage import Stage
from benchmarks.harness.table import Row, markdown
from benchmarks.journal import acceptance, busy_customer, capacity, growth, memory, replicas
from benchmarks.limits import flood, rate_limit, rate_limit_cells
from benchmarks.migrations import planning, running
from benchmarks.web import http_servers, waiting_callers
from benchmarks.worker import cpu, http_clients, latency, observability, pace

_Run: TypeAlias = Callable[[Stage, bool, Path | None], list[Row]]
_ALL: dict[str, _Run] = {
    "cpu": cpu.run,
    "observing": observability.run,
    "clients": http_clients.run,
    "pace": pace.run,
    "latency": latency.run,
    "callers": waiting_callers.run,
    "flood": flood.run,
    "limit": rate_limit.run,
    "limit-use": rate_limit_cells.run,
    "acceptance": acceptance.run,
    "replicas": replicas.run,
    "memory": memory.run,
    "capacity": capacity.run,
    "busy-customer": busy_customer.run,
    "growth": growth.run,
    "http-servers": http_servers.run,
    "planning": planning.run,
    "migrating": running.run,
}


def main() -> int:
    """Print the table. Returns 0 whatever the figures, so that slow machines fail no build."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and smaller rounds")
    parser.add_argument("--only", choices=_ALL, action="append", help="may be given repeatedly")
    parser.add_argument(
        "--limit-seconds", type=int, default=0, help="length of each flood in `limit`"
    )
    parser.add_argument(
        "--limit-cells",
        type=_cell,
        nargs="+",
        help="cells of `limit-use`, each a limit and a number of workers, as 50:2",
    )
    options = parser.parse_args()
    used = partial(rate_limit_cells.run, cells=options.limit_cells, seconds=options.limit_seconds)
    runs: dict[str, _Run] = {
        **_ALL,
        "limit": partial(rate_limit.run, seconds=options.limit_seconds),
        "limit-use": used,
    }
    # So that all started processes are stopped.
    signal.signal(signal.SIGTERM, _exit)
    started, rows = time.monotonic(), []
    description, writes = machine.described(), machine.durable_write()
    python = peer_python()
    for name in options.only or _ALL:
        before = time.monotonic()
        try:
            with Stage() as stage:
                rows += runs[name](stage, options.quick, python)
        except Exception as error:
            traceback.print_exc()
            rows.append(Row(name, f"not measured: {type(error).__name__}"))
        print(f"{name}: {time.monotonic() - before:.0f} s", file=sys.stderr)
    print(
        f"{description}; a durable write to Redis took {writes} before and "
        f"{machine.durable_write()} after"
    )
    print(f"{'quick run' if options.quick else 'run'} of {time.monotonic() - started:.0f} s\n")
    print(markdown(rows))
    return 0


def _cell(text: str) -> tuple[int, int]:
    rate, _, workers = text.partition(":")
    return int(rate), int(workers)


def _exit(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(143)


if __name__ == "__main__":
    sys.exit(main())
