"""Whether Celery's consumer polls for messages: only such a worker counts as alive."""

from __future__ import annotations

import time
from typing import ClassVar

# Longer than a slow round trip to Redis, shorter than the worker's heartbeat is valid.
_RECENT_S = 10.0


class ConsumerActivity:
    """When the process's consumer last polled, had a message, or was full."""

    # On the class, since Kombu makes its channels itself; a process has one consumer. None if the
    # consumer is in another process, as for the child processes of a pool.
    _last: ClassVar[float | None] = None

    @classmethod
    def start(cls) -> None:
        """The consumer of this process starts."""
        cls._last = time.monotonic()

    @classmethod
    def forget(cls) -> None:
        """The consumer is in another process."""
        cls._last = None

    @classmethod
    def note(cls) -> None:
        """The consumer polled for a message, or skipped that on purpose."""
        if cls._last is not None:
            cls._last = time.monotonic()

    @classmethod
    def is_recent(cls) -> bool:
        """Whether the consumer was active lately; true if this process cannot know."""
        return cls._last is None or time.monotonic() - cls._last < _RECENT_S
