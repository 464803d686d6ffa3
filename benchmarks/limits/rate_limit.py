"""How much of Stripe's rate limit four workers use, and how long interactive commands wait.

Stripe is a sandbox that counts the requests of each second and refuses those over the limit; its
latency is lognormal, the p99 ten times the median. Each limit has its own Redis, sandbox and
workers, and so has a migration under both of live mode's limits; all are measured at the same time,
since together they need less than a core.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import redis

from benchmarks.harness import meter
from benchmarks.harness.answer_times import EVERY_S, times_to_answer
from benchmarks.harness.contenders import Ours
from benchmarks.harness.stage import Stage
from benchmarks.harness.table import Row, figure
from benchmarks.limits.migration import LimitedMigration
from producer.contract import Lane
from producer.journal import BlockingJournal, backlog
from sandbox.control.client import RateRecord, SandboxControl

_WORKERS = 4
_RATES = (25, 100)
_LATENCY_MS = 100
# How far ahead bulk commands reserve send times (`NEAR` in lua/limits.lua): once these are all
# reserved, an interactive command beyond its lane's share waits behind them.
_BULK_AHEAD_MS = 140
_SETTLE_S = 5.0
_LEAST_USED, _MOST_OVER = 0.97, 0.05


@dataclass(frozen=True, slots=True)
class Used:
    """What the sandbox counted in each whole second, and how often Redis was called meanwhile."""

    seconds: list[RateRecord]
    calls: int

    @property
    def counts(self) -> list[int]:
        """Requests by second; seconds without any are missing."""
        return [one["requests"] for one in self.seconds]

    @property
    def limited(self) -> int:
        """The number of 429s."""
        return sum(one["limited"] for one in self.seconds)


def run(stage: Stage, quick: bool, _python: Path | None, seconds: int = 0) -> list[Row]:
    """Measure `seconds` of a flood alone, then interactive commands beside it."""
    seconds = seconds or (5 if quick else 180)
    count = 10 if quick else 100
    latency = {"kind": "lognormal", "median_ms": _LATENCY_MS, "p99_ms": 10 * _LATENCY_MS}
    measured: list[Callable[[], list[Row]]] = []
    for rate in _RATES[:1] if quick else _RATES:
        at = _At(stage, rate, stage.sandbox(latency=latency, rps=rate))
        measured.append(partial(at.rows, seconds, count))
    migration = LimitedMigration(stage, latency)
    measured.append(partial(migration.rows, seconds, _SETTLE_S))
    with ThreadPoolExecutor(len(measured)) as together:
        return [row for rows in together.map(lambda measure: measure(), measured) for row in rows]


class _At:
    """One limit, with its sandbox, Redis and workers."""

    def __init__(self, stage: Stage, rate: int, sandbox: SandboxControl) -> None:
        self._rate = rate
        self._sandbox = sandbox
        self._url = stage.valkey().url
        limits = {"CARDS_STRIPE_RPS": str(rate), "CARDS_STRIPE_ENDPOINT_RPS": "0"}
        self._workers = stage.workers(self._url, _WORKERS, limits)

    def rows(self, seconds: int, count: int) -> list[Row]:
        """Measure the flood alone, then `count` interactive commands behind it."""
        rate, url = self._rate, self._url
        idle = asyncio.run(times_to_answer(url, count))
        bulk = Ours(url, Lane.BULK, self._workers[0])
        # More than can be executed until the last measurement is over.
        bulk.offer(int(rate * (seconds + count * EVERY_S + 60)))
        time.sleep(_SETTLE_S)
        used = _used(self._sandbox, url, seconds)
        first = int(time.time()) + 1
        behind = asyncio.run(times_to_answer(url, count))
        last = int(time.time())
        mixed = [one for one in self._sandbox.rates() if first <= one["second"] < last]
        rows = _use_rows(rate, seconds, used) + _mixed_rows(rate, mixed)
        return rows + _answer_rows(rate, _queued(url), idle, behind)


def _used(sandbox: SandboxControl, url: str, seconds: int) -> Used:
    server: Any = redis.Redis.from_url(url)
    server.config_resetstat()
    first = int(time.time()) + 1
    time.sleep(first + seconds - time.time())
    stats = server.info("commandstats")
    server.close()
    calls = sum(one["calls"] for name, one in stats.items() if name.startswith("cmdstat_eval"))
    counted = [one for one in sandbox.rates() if first <= one["second"] < first + seconds]
    return Used(counted, calls)


def _queued(url: str) -> int:
    journal = BlockingJournal(url)
    try:
        return journal(backlog()).messages[Lane.BULK]
    finally:
        journal.close()


def _use_rows(rate: int, seconds: int, used: Used) -> list[Row]:
    share = sum(used.counts) / seconds / rate
    what = f"limit of {rate}/s, {_WORKERS} workers, bulk flood, {seconds} s"
    return [
        Row(
            f"{what}: use of it",
            f"{100 * share:.1f} %",
            f"{rate}/s",
            f"{share:.3f}",
            f"at least {100 * _LEAST_USED:g} %",
            share >= _LEAST_USED,
        ),
        _busiest(what, rate, used.counts),
        _refused(what, used.limited),
        Row(
            f"{what}: script calls per request",
            figure(used.calls / max(1, sum(used.counts))),
            "begin, end, lease and sweep included",
        ),
    ]


def _mixed_rows(rate: int, seconds: list[RateRecord]) -> list[Row]:
    what = f"limit of {rate}/s, bulk flood and interactive every {1000 * EVERY_S:g} ms"
    limited = sum(one["limited"] for one in seconds)
    return [_busiest(what, rate, [one["requests"] for one in seconds]), _refused(what, limited)]


def _busiest(what: str, rate: int, counts: list[int]) -> Row:
    most = max(counts, default=0)
    return Row(
        f"{what}: busiest second",
        f"{most} requests",
        f"{rate}/s",
        f"{most / rate - 1:+.1%}",
        f"at most +{100 * _MOST_OVER:g} %",
        most <= rate * (1 + _MOST_OVER),
    )


def _refused(what: str, limited: int) -> Row:
    return Row(f"{what}: 429s", str(limited), "", "", "0", limited == 0)


def _answer_rows(rate: int, queued: int, idle: list[float], behind: list[float]) -> list[Row]:
    what = f"interactive every {1000 * EVERY_S:g} ms, bulk queued, limit of {rate}/s"
    if not queued:
        return [Row(what, "the flood ended too early to tell")]
    rows = []
    for share, name, goal in ((0.5, "p50", 1.2), (0.99, "p99", 2.0)):
        alone, flooded = meter.percentile(idle, share), meter.percentile(behind, share)
        inevitable = meter.percentile(waits_of_share(rate, len(behind)), share)
        allowed = goal * alone + inevitable
        rows.append(
            Row(
                f"{what}, {name}",
                f"{figure(flooded)} ms",
                f"idle: {figure(alone)} ms; its share's wait: {figure(inevitable)} ms",
                f"{(flooded - inevitable) / alone:.2f}",
                f"at most {goal:g} and that wait",
                flooded <= allowed,
            )
        )
    return rows


def waits_of_share(rate: float, count: int) -> list[float]:
    """The wait (ms) of each of `count` commands in a queue with a fifth of the rate.

    It grows if that is slower than they come, until the send times that bulk has borrowed end.
    """
    gap, free, waits = 1000 / (0.2 * rate), 0.0, []
    for number in range(count):
        now = 1000 * EVERY_S * number
        wait = min(max(0.0, free - now), _BULK_AHEAD_MS)
        waits.append(wait)
        free = now + wait + gap
    return waits
