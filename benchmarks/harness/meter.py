"""What processes use, by the operating system's accounting."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress

import psutil  # type: ignore[import-untyped]


def cpu_s(pid: int) -> float:
    """CPU seconds, user and system, of a process, its descendants, and those it has reaped."""
    root = psutil.Process(pid)
    own = root.cpu_times()
    used = own.user + own.system + own.children_user + own.children_system
    for child in root.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            used += times.user + times.system
    return float(used)


def rss_mb(pid: int) -> float:
    """Resident memory (10^6 bytes) of a process and its descendants."""
    root = psutil.Process(pid)
    total = root.memory_info().rss
    for child in root.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            total += child.memory_info().rss
    return float(total) / 1e6


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not exceeded by at least this share (0 to 1) of the values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
