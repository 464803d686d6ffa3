"""The worker's shutdown: new work no longer starts, requests already at Stripe are finished."""

from __future__ import annotations

import asyncio


class Stopping(Exception):
    """The worker stops before it could find out what to do with the message."""


class Shutdown:
    """Whether the worker stops. For one event loop."""

    def __init__(self) -> None:
        self._requested = asyncio.Event()

    @property
    def requested(self) -> bool:
        """Whether the worker stops."""
        return self._requested.is_set()

    def request(self) -> None:
        """Stop the worker."""
        self._requested.set()

    async def pause(self, seconds: float) -> None:
        """Wait, unless the worker stops.

        Raises:
            Stopping: the worker stops.
        """
        try:
            await asyncio.wait_for(self._requested.wait(), seconds)
        except TimeoutError:
            return
        raise Stopping
