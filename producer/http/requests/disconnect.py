"""Ends a caller's wait when the caller disconnects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request


@asynccontextmanager
async def while_connected(request: Request) -> AsyncIterator[None]:
    """Cancel what is awaited inside as soon as the caller disconnects.

    Only waiting belongs inside: a call of the journal must complete even if the caller is gone.
    Read the body before, since the rest of it is discarded.

    Raises:
        starlette.requests.ClientDisconnect: the caller disconnected.
    """
    try:
        # A timeout without a deadline: asyncio tells its cancellation from any other.
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
