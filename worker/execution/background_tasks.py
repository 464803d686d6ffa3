"""Work that no message waits for, at once or after a delay."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from producer.journal import JournalFault, JournalUnavailable
from worker.execution.shutdown import Stopping

log = logging.getLogger(__name__)


class BackgroundTasks:
    """Tasks on the running loop. Errors are logged, and the next sweep retries."""

    def __init__(self) -> None:
        self.running: set[asyncio.Task[None]] = set()
        self._timers: set[asyncio.TimerHandle] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run the work."""
        task = asyncio.get_running_loop().create_task(_guarded(work))
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    def spawn_after(self, delay_s: float, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run the work after a delay, unless the timers are cancelled before."""

        def due() -> None:
            self._timers.discard(timer)
            self.spawn(work())

        timer = asyncio.get_running_loop().call_later(delay_s, due)
        self._timers.add(timer)

    def cancel_timers(self) -> None:
        """Drop what has not started."""
        for timer in self._timers:
            timer.cancel()


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except (JournalUnavailable, Stopping) as error:
        log.warning("left to the next sweep: %s", error)
    except JournalFault as error:
        log.error("left to the next sweep: %s: %s", error, error.cause)
    except Exception:
        log.exception("left to the next sweep")
