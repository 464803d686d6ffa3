"""What one Redis carries: its CPU for a command's whole life, from acceptance to the known end.

Redis runs scripts one at a time, so a core of it is the ceiling. Clients of two cores cannot fill
it; its CPU by the operating system's accounting, divided by the commands, tells where it is.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

import redis

from benchmarks import meter
from benchmarks.contenders import Ours
from benchmarks.stage import Stage
from benchmarks.table import Row, figure
from producer.contract import Lane


def run(stage: Stage, quick: bool, _python: Path | None) -> list[Row]:
    """A real worker, its queues, events and renewals included; fsync on every write."""
    rounds, count = (2, 500) if quick else (3, 5_000)
    stage.sandbox()
    server = stage.valkey()
    client: Any = redis.Redis.from_url(server.url)
    pid = int(client.info("server")["process_id"])
    worker = stage.worker(server.url)
    rows = []
    for lane in (Lane.BULK, Lane.INTERACTIVE):
        ours = Ours(server.url, lane, worker)
        ours.carry_out(count // 5)
        costs, written = [], []
        for _ in range(rounds):
            cpu, before = meter.cpu_s(pid), _written(client)
            ours.carry_out(count)
            costs.append(1e6 * (meter.cpu_s(pid) - cpu) / count)
            written.append((_written(client) - before) / count)
        cost = median(costs)
        rows += [
            Row(f"Redis' CPU per {lane.value} command", f"{figure(cost)} µs"),
            Row(f"{lane.value} commands that a core of Redis carries", f"{1e6 / cost:,.0f} /s"),
            Row(f"append-only file per {lane.value} command", f"{figure(median(written))} bytes"),
        ]
    client.close()
    return rows


def _written(client: Any) -> int:
    """Bytes of the append-only file since its last rewrite."""
    return int(client.info("persistence")["aof_current_size"])
