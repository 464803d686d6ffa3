"""Ends background tasks."""

from __future__ import annotations

import asyncio
from typing import Any

_AGAIN_S = 0.2


async def end(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel the tasks and return once they have ended.

    Cancelled again until then: redis-py can swallow a cancellation that arrives while it connects
    (8.1, seen).
    """
    started = [task for task in tasks if task is not None]
    left = {task for task in started if not task.done()}
    cancelled: asyncio.CancelledError | None = None
    while left:
        for task in left:
            task.cancel()
        try:
            await asyncio.wait(left, timeout=_AGAIN_S)
        except asyncio.CancelledError as error:  # whoever calls is to end too, but after these
            cancelled = error
        left = {task for task in left if not task.done()}
    for task in started:
        if not task.cancelled():
            task.exception()  # asked for, so that asyncio does not report it at some later time
    if cancelled is not None:
        raise cancelled
