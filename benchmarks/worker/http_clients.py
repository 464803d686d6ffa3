"""Worker CPU per bulk command with various HTTP clients behind Stripe's SDK."""

from __future__ import annotations

import sys
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from benchmarks.harness.contenders import Contender, Ours, peers
from benchmarks.harness.stage import Stage
from benchmarks.harness.table import Row, compared
from benchmarks.peers.http_adapters import CLIENTS
from producer.contract import Lane

_WARM_UP = 100
_OURS = "aiohttp, the worker's own"
# The permitted cost of a well-maintained client, relative to arq.
_AT_MOST = 0.4


def run(stage: Stage, quick: bool, python: Path | None) -> list[Row]:
    """Measure a worker for each installed client, and arq, in interleaved rounds."""
    rounds, count = (3, 600) if quick else (5, 1500)
    sandbox = stage.sandbox()
    workers: dict[str, Contender] = {_OURS: _worker(stage)}
    missing = [name for name in CLIENTS if find_spec(name) is None]
    for name in CLIENTS:
        if name not in missing:
            workers[name] = _worker(stage, name)
    arq = peers(stage, python, ("arq",))
    everyone = {**workers, **arq}
    for one in everyone.values():
        one.carry_out(_WARM_UP)
    costs: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, one in everyone.items():
            costs[name].append(one.carry_out(count).cpu_ms)
        sandbox.reset(keep_config=True)
    ms = {name: median(values) for name, values in costs.items()}
    rows = []
    for name in workers:
        what, limit = f"worker CPU per bulk command: {name}", _AT_MOST if name == _OURS else None
        rows.append(compared(what, ms[name], "arq", ms.get("arq"), unit="ms", at_most=limit))
    for name in missing:
        print(f"without {name}, which is not installed", file=sys.stderr)
        rows.append(Row(f"worker CPU per bulk command: {name}", "not installed"))
    return rows


def _worker(stage: Stage, client: str = "") -> Ours:
    url = stage.valkey().url
    app = "benchmarks.peers.client_worker" if client else "worker.app"
    settings = {"BENCH_HTTP_CLIENT": client}
    return Ours(url, Lane.BULK, stage.workers(url, 1, settings, app)[0])
