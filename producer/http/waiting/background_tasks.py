"""Ends background tasks."""

from __future__ import annotations

import asyncio
from typing import Any

_CANCEL_AGAIN_S = 0.2


async def end(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel the tasks and return once they have ended.

    Cancels repeatedly, because redis-py can swallow a cancellation that arrives while it connects
    (seen with 8.1).
    """
    started = [task for task in tasks if task is not None]
    left = {task for task in started if not task.done()}
    cancelled: asyncio.CancelledError | None = None
    while left:
        for task in left:
            task.cancel()
        try:
            await asyncio.wait(left, timeout=_CANCEL_AGAIN_S)
        except asyncio.CancelledError as error:  # the calling task is cancelled too: end after them
            cancelled = error
        left = {task for task in left if not task.done()}
    for task in started:
        if not task.cancelled():
            task.exception()  # retrieved, so that asyncio does not report it later
    if cancelled is not None:
        raise cancelled
