"""Whether Celery's consumer looks for messages: a worker is known by what it does."""

from __future__ import annotations

import time
from typing import ClassVar

# Longer than a round trip that Redis takes its time for, shorter than others go on believing.
_LATELY_S = 10.0


class ConsumerActivity:
    """When the process's consumer last asked for messages, had one, or was full."""

    # Kombu makes its channels by itself; there is one consumer in a process. None where it is in
    # another: the children of a pool of processes have no part in it.
    _last: ClassVar[float | None] = None

    @classmethod
    def begin(cls) -> None:
        """The consumer of this process begins."""
        cls._last = time.monotonic()

    @classmethod
    def forget(cls) -> None:
        """The consumer is in another process."""
        cls._last = None

    @classmethod
    def note(cls) -> None:
        """The consumer looked for a message, or left it on purpose."""
        if cls._last is not None:
            cls._last = time.monotonic()

    @classmethod
    def lately(cls) -> bool:
        """Whether it did lately; true where that cannot be known here."""
        return cls._last is None or time.monotonic() - cls._last < _LATELY_S
