"""Command ids that are subscribed to before there are commands of them.

Whoever waits for a command must have subscribed before it is accepted. Done beforehand, that is no
round trip of the caller's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from uuid import uuid4

from producer.http.waiting.subscriptions import Subscriptions

# As many callers can come within `_REFILL_S`; those beyond wait for their subscription.
KEPT = 20
# Behind what is being answered, and together.
_REFILL_S = 0.05


class PresubscribedIds:
    """A few ids, each for one command."""

    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions
        self._ids: deque[tuple[str, asyncio.Future[None]]] = deque()
        self._refilling: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Subscribe to the first."""
        self._refill()

    def stop(self) -> None:
        """Prepare no more."""
        if self._refilling is not None:
            self._refilling.cancel()

    def acquire(self) -> str:
        """An id, a new one where none is prepared; `release` it once it is listened to."""
        if self._refilling is None:
            self._refilling = asyncio.get_running_loop().call_later(_REFILL_S, self._refill)
        if self._ids and self._ids[0][1].done():
            return self._ids.popleft()[0]
        return str(uuid4())

    def release(self, ident: str) -> None:
        """Somebody else listens to the id now, or nobody is to."""
        self._subscriptions.remove(ident, _nobody)

    def _refill(self) -> None:
        self._refilling = None
        while len(self._ids) < KEPT:
            ident = str(uuid4())
            self._ids.append((ident, self._subscriptions.add(ident, _nobody)))


def _nobody(_: str | None) -> None:
    """There is no command yet that something could be told of."""
