"""How much of a limit is used, however bulk commands come, and how long interactive ones wait.

Each cell is a limit and a number of workers. It has two scenes, each with its own Redis, sandbox
and workers: bulk commands one by one, each with its own message, and those of `send_many`, 50 a
message. Interactive commands are measured idle; then the flood alone; then both together.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from benchmarks.harness import meter
from benchmarks.harness.answer_times import EVERY_S, times_to_answer
from benchmarks.harness.contenders import Ours
from benchmarks.harness.stage import Stage
from benchmarks.harness.table import Row, figure
from producer.contract import Lane
from sandbox.control.client import RateRecord, SandboxControl

_RATES = (25, 50, 100)
_WORKERS = (1, 2, 4)
_SCENES = {"one by one": 1, "send_many": 50}
_LATENCY_MS = 100
_SETTLE_S = 4.0
_LEAST_USED, _MOST_OVER = 0.97, 0.05
_GOALS = ((0.5, "p50", 1.2), (0.99, "p99", 1.5))


def run(
    stage: Stage,
    quick: bool,
    _python: Path | None,
    *,
    cells: Sequence[tuple[int, int]] | None = None,
    seconds: int = 0,
) -> list[Row]:
    """Measure one cell after another; the scenes of a cell run at the same time."""
    cells = cells or ([(50, 2)] if quick else list(product(_RATES, _WORKERS)))
    seconds = seconds or (8 if quick else 20)
    rows = []
    for rate, count in cells:
        scenes = [_Scene(stage, rate, count, name) for name in _SCENES]
        with ThreadPoolExecutor(len(scenes)) as together:
            for found in together.map(lambda scene: scene.rows(seconds), scenes):
                rows += found
        for scene in scenes:
            scene.end()
    return rows


class _Scene:
    """Bulk commands that come in one way, and the workers that execute them."""

    def __init__(self, stage: Stage, rate: int, workers: int, name: str) -> None:
        self._stage, self._rate = stage, rate
        self._size = _SCENES[name]
        self._what = f"limit of {rate}/s, workers: {workers}, {name}"
        self._sandbox: SandboxControl = stage.sandbox(
            latency={"kind": "fixed", "ms": _LATENCY_MS}, rps=rate
        )
        self._url = stage.valkey().url
        limits = {"CARDS_STRIPE_RPS": str(rate), "CARDS_STRIPE_ENDPOINT_RPS": "0"}
        self._workers = stage.workers(self._url, workers, limits)

    def end(self) -> None:
        """Stop the workers, for the next cell."""
        for worker in self._workers:
            self._stage.stop(worker)

    def rows(self, seconds: int) -> list[Row]:
        """Measure interactive commands alone, bulk commands alone, and both."""
        count = round(seconds / EVERY_S)
        asyncio.run(times_to_answer(self._url, 5))
        idle = asyncio.run(times_to_answer(self._url, count))
        bulk = Ours(self._url, Lane.BULK, self._workers[0], batch=self._size)
        bulk.offer(int(self._rate * (2 * seconds + 3 * _SETTLE_S)))
        time.sleep(_SETTLE_S)
        first = int(time.time()) + 1
        time.sleep(first + seconds - time.time())
        alone = self._counted(first, first + seconds)
        first = int(time.time()) + 1
        beside = asyncio.run(times_to_answer(self._url, count))
        last = int(time.time())
        if bulk.all_ended():
            return [Row(self._what, "the flood ended too early to tell")]
        both = self._counted(first + 1, last)
        return [
            *self._use_rows("", alone, seconds),
            *self._use_rows(", interactive beside", both, last - first - 1),
            *self._answer_rows(idle, beside),
        ]

    def _counted(self, first: int, end: int) -> list[RateRecord]:
        return [one for one in self._sandbox.rates() if first <= one["second"] < end]

    def _use_rows(self, beside: str, counted: list[RateRecord], seconds: int) -> list[Row]:
        counts = [one["requests"] for one in counted]
        limited = sum(one["limited"] for one in counted)
        share = sum(counts) / seconds / self._rate
        most = max(counts, default=0)
        what = self._what + beside
        return [
            Row(
                f"{what}: use of it",
                f"{100 * share:.1f} %",
                f"{self._rate}/s",
                f"{share:.3f}",
                f"at least {100 * _LEAST_USED:g} %",
                share >= _LEAST_USED,
            ),
            Row(
                f"{what}: busiest second, 429s",
                f"{most}, {limited}",
                f"{self._rate}/s",
                f"{most / self._rate - 1:+.1%}",
                f"at most +{100 * _MOST_OVER:g} %, 0",
                most <= self._rate * (1 + _MOST_OVER) and limited == 0,
            ),
        ]

    def _answer_rows(self, idle: list[float], beside: list[float]) -> list[Row]:
        rows = []
        for share, name, goal in _GOALS:
            alone, flooded = meter.percentile(idle, share), meter.percentile(beside, share)
            rows.append(
                Row(
                    f"{self._what}: interactive every {1000 * EVERY_S:g} ms, {name}",
                    f"{figure(flooded)} ms",
                    f"idle: {figure(alone)} ms",
                    f"{flooded / alone:.2f}",
                    f"at most {goal:g}",
                    flooded / alone <= goal,
                )
            )
        return rows
