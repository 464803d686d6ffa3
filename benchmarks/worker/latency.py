"""The time from a request to its answer, on an idle system, against a direct call of the SDK."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp

from benchmarks.harness import meter
from benchmarks.harness.contenders import PlainCelery
from benchmarks.harness.names import fresh_name
from benchmarks.harness.stage import Stage
from benchmarks.harness.table import Row, figure
from benchmarks.peers import bare_job

_WARM_UP = 20
_MEDIAN_MORE_MS, _P99_MORE_MS = 8, 20


def run(stage: Stage, quick: bool, _python: Path | None) -> list[Row]:
    """Measure one request at a time, the three ways in turn. All include the sandbox's own time."""
    stage.sandbox()
    url = stage.valkey().url
    stage.worker(url)
    _, address = stage.web(url)
    plain = PlainCelery(stage, stage.valkey().url)
    plain.carry_out(_WARM_UP)
    times = asyncio.run(_measure(address, stage.sandbox_url, plain, 60 if quick else 500))
    rows = []
    for share, name, goal in ((0.5, "p50", _MEDIAN_MORE_MS), (0.99, "p99", _P99_MORE_MS)):
        direct, ours, celery = (
            meter.percentile(times[one], share) for one in ("direct", "http", "celery")
        )
        rows.append(
            Row(
                f"HTTP answer, idle, {name}",
                f"{figure(ours)} ms",
                f"direct SDK call: {figure(direct)} ms",
                f"{ours - direct:+.1f} ms",
                f"at most +{goal} ms",
                ours - direct <= goal,
            )
        )
        rows.append(
            Row(
                f"HTTP answer, idle, {name}",
                f"{figure(ours)} ms",
                f"delay().get(): {figure(celery)} ms",
                f"{ours - celery:+.1f} ms",
            )
        )
    return rows


async def _measure(
    address: str, sandbox_url: str, plain: PlainCelery, count: int
) -> dict[str, list[float]]:
    http = bare_job.AsyncHttp()
    sdk = bare_job.client(sandbox_url, http)
    async with aiohttp.ClientSession() as session:

        async def by_http(name: str) -> None:
            body = {"userId": f"cus_{name}", "source": "tok_visa"}
            async with session.post(f"{address}/api/cards/assign", json=body) as response:
                await response.read()
                response.raise_for_status()

        async def by_sdk(name: str) -> None:
            await bare_job.call(sdk, f"cus_{name}", "tok_visa", name)

        async def by_celery(name: str) -> None:
            await asyncio.to_thread(plain.delay_and_get, name)

        ways: dict[str, Callable[[str], Awaitable[None]]] = {
            "direct": by_sdk,
            "http": by_http,
            "celery": by_celery,
        }
        times: dict[str, list[float]] = defaultdict(list)
        for turn in range(_WARM_UP + count):
            for name, way in ways.items():
                started = time.perf_counter()
                await way(fresh_name())
                if turn >= _WARM_UP:
                    times[name].append(1000 * (time.perf_counter() - started))
    await http.close_async()
    return times
