"""The clock that leases and rate limits are measured by."""

from __future__ import annotations

import time

# Counts on while the machine sleeps, where the system has it; no wall clock takes part.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def clock() -> float:
    """Seconds of a clock that neither jumps nor stops."""
    return time.clock_gettime(_CLOCK)
