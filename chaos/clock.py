"""One clock for all times of a run: Unix time that never goes back."""

from __future__ import annotations

import time
from functools import cache


def now() -> float:
    """Unix time in seconds, comparable with the sandbox's, which runs on the same machine."""
    return time.monotonic() + _offset()


@cache
def _offset() -> float:
    return time.time() - time.monotonic()
