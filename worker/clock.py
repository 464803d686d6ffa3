"""The clock that leases and rate limits are measured by."""

from __future__ import annotations

import time

# BOOTTIME, if the system has it, also counts while the machine sleeps. No wall clock is involved.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def clock() -> float:
    """Seconds of a clock that neither jumps nor stops."""
    return time.clock_gettime(_CLOCK)
