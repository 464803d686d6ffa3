"""Command ids that are subscribed to before their commands exist.

A caller that waits for a command must be subscribed before the command is accepted. Subscribing
in advance saves the caller a round trip.
"""

from __future__ import annotations

import asyncio
from collections import deque
from uuid import uuid4

from producer.http.waiting.subscriptions import Subscriptions

# As many callers can arrive within `_REFILL_S`; further ones wait for their subscription.
KEPT = 20
# Refill after the current requests, with one command.
_REFILL_S = 0.05


class PresubscribedIds:
    """A pool of ids, each for one command."""

    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions
        self._ids: deque[tuple[str, asyncio.Future[None]]] = deque()
        self._refilling: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Fill the pool."""
        self._refill()

    def stop(self) -> None:
        """Refill no more."""
        if self._refilling is not None:
            self._refilling.cancel()

    def acquire(self) -> str:
        """An id, a new one if the pool is empty; `release` it once the caller listens to it."""
        if self._refilling is None:
            self._refilling = asyncio.get_running_loop().call_later(_REFILL_S, self._refill)
        if self._ids and self._ids[0][1].done():
            return self._ids.popleft()[0]
        return str(uuid4())

    def release(self, ident: str) -> None:
        """Stop listening to the id for the pool."""
        self._subscriptions.remove(ident, _ignore)

    def _refill(self) -> None:
        self._refilling = None
        while len(self._ids) < KEPT:
            ident = str(uuid4())
            self._ids.append((ident, self._subscriptions.add(ident, _ignore)))


def _ignore(_: str | None) -> None:
    """A listener for ids that have no command yet."""
