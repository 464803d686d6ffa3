"""Has a worker read at Stripe while the caller waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from starlette.requests import Request

from producer.http.requests.disconnect import while_connected
from producer.http.services import Services
from producer.http.waiting.waiters import CONFIRM_S
from producer.journal import Call, read_answer


async def read_by_worker(
    services: Services,
    request: Request,
    make_request: Callable[[str], Call[None]],
    *,
    within_s: float,
) -> tuple[int, dict[str, Any]] | None:
    """The HTTP status and envelope that a worker answers; None if none answers in time.

    `make_request` makes the journal call that requests the read of that id.

    Raises:
        JournalUnavailable: Redis cannot be reached, or has other data.
    """
    services.require_same_journal()
    read_id = str(uuid4())
    answered = asyncio.Event()

    def listener(_: str | None) -> None:
        answered.set()

    deadline = asyncio.get_running_loop().time() + within_s
    confirmation = services.subscriptions.add(read_id, listener)
    try:
        await asyncio.wait([confirmation], timeout=CONFIRM_S)
        await services.journal(make_request(read_id))
        while True:
            async with while_connected(request):
                in_time = await _wait(services, answered, deadline)
            answered.clear()
            answer = await services.journal(read_answer(read_id))
            if answer is not None or not in_time:
                return answer
    finally:
        services.subscriptions.remove(read_id, listener)


async def _wait(services: Services, answered: asyncio.Event, deadline: float) -> bool:
    """Whether a publication arrived before the deadline and before the process stops."""
    left = deadline - asyncio.get_running_loop().time()
    waiting = [asyncio.create_task(event.wait()) for event in (answered, services.waiters.released)]
    try:
        await asyncio.wait(waiting, timeout=max(left, 0), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
    return answered.is_set()
