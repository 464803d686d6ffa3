"""An interactive command's time to its answer: idle, and behind a flood of bulk commands."""

from __future__ import annotations

import asyncio
from pathlib import Path

from benchmarks.harness import meter
from benchmarks.harness.answer_times import times_to_answer
from benchmarks.harness.contenders import Ours
from benchmarks.harness.stage import Stage
from benchmarks.harness.table import Row, figure
from producer.contract import Lane

_LATENCY_MS = 300
_WARM_UP = 5


def run(stage: Stage, quick: bool, _python: Path | None) -> list[Row]:
    """Measure one worker, Stripe at its usual latency, an interactive command every 200 ms."""
    count, flood = (15, 3_000) if quick else (250, 100_000)
    stage.sandbox(latency={"kind": "fixed", "ms": _LATENCY_MS})
    url = stage.valkey().url
    worker = stage.worker(url)
    asyncio.run(times_to_answer(url, _WARM_UP))
    idle = asyncio.run(times_to_answer(url, count))
    bulk = Ours(url, Lane.BULK, worker)
    bulk.offer(flood)
    asyncio.run(times_to_answer(url, _WARM_UP))
    flooded = asyncio.run(times_to_answer(url, count))
    remaining = "all" if not bulk.all_ended() else "no longer all"
    rows = []
    for share, name, goal in ((0.5, "p50", 1.2), (0.99, "p99", 2.0)):
        alone, behind = meter.percentile(idle, share), meter.percentile(flooded, share)
        rows.append(
            Row(
                f"interactive, {name}, {flood:,} bulk queued ({_LATENCY_MS} ms at Stripe)",
                f"{figure(behind)} ms",
                f"idle: {figure(alone)} ms",
                f"{behind / alone:.2f}",
                f"at most {goal:g}",
                behind / alone <= goal,
            )
        )
    if remaining != "all":
        rows.append(Row("interactive behind bulk", "the flood ended too early to tell"))
    return rows
