"""Ends a caller's wait when the caller closes its connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request


@asynccontextmanager
async def while_connected(request: Request) -> AsyncIterator[None]:
    """Cancels what is awaited inside as soon as the caller has gone.

    Only waiting belongs inside: a call of the journal is to be completed, whoever is there to hear
    of it. The body must have been read before, since what is left of it is dropped.

    Raises:
        starlette.requests.ClientDisconnect: the caller went away.
    """
    try:
        # A timeout without a time: asyncio tells its cancellation from everybody else's.
        async with asyncio.timeout(None) as connected:
            listening = asyncio.create_task(_listen(request, connected))
            try:
                yield
            finally:
                listening.cancel()
    except TimeoutError:
        if connected.expired():
            raise ClientDisconnect from None
        raise


async def _listen(request: Request, connected: asyncio.Timeout) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    connected.reschedule(asyncio.get_running_loop().time())
