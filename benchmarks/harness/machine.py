"""The machine that the figures were measured on."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import redis

from benchmarks.harness import meter
from benchmarks.harness.stage import Stage

_NAMED = ("celery", "kombu", "redis", "stripe", "aiohttp", "pydantic")
_WRITES = 200


def described() -> str:
    """CPU, cores, memory, load, Python and the versions of the main packages."""
    memory = psutil.virtual_memory().total / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in _NAMED)
    return (
        f"{_cpu()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} "
        f"{platform.release()}; load before the run {os.getloadavg()[0]:.1f}; "
        f"Python {platform.python_version()}; {packages}"
    )


def durable_write() -> str:
    """How long a write to a durable Redis takes, which is most of a latency."""
    with Stage() as stage:
        client = redis.Redis.from_url(stage.valkey().url)
        times = []
        for number in range(_WRITES):
            started = time.perf_counter()
            client.set("written", number)
            times.append(1000 * (time.perf_counter() - started))
        client.close()
    low, high = (meter.percentile(times, share) for share in (0.5, 0.99))
    return f"{low:.1f} ms (p99 {high:.1f})"


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
