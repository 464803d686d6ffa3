"""When a request may be sent to Stripe: in the place that was booked for it."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from producer.contract import Lane
from producer.journal import Grant, Journal, Limits, reserve
from producer.journal.redis.endpoints import Endpoint
from worker.clock import clock
from worker.observability.measurements import Measurements

# Longer than any line can be: a look is part of a try, and so is never sent away.
_AHEAD_MS = 600_000


class RateLimiter(Protocol):
    """Asked before each request."""

    async def wait(self, endpoint: Endpoint) -> None:
        """Return when the request may be sent.

        Raises:
            JournalUnavailable: the limit could not be asked; nothing may be sent.
        """


@dataclass(slots=True)
class _Booked:
    lane: Lane
    endpoint: Endpoint | None
    at: float


_booked: ContextVar[_Booked | None] = ContextVar("booked", default=None)


def use_reservation(grant: Grant, answered_at: float) -> None:
    """The grant has booked this task's first request; `answered_at` is our clock then."""
    at = answered_at + max(0, grant.start_ms - grant.now_ms) / 1000
    _booked.set(_Booked(grant.lane, grant.endpoint, at))


class SharedRateLimiter(RateLimiter):
    """Waits for the place that the grant has booked, or books one."""

    def __init__(
        self, journal: Journal, limits: Limits, measurements: Measurements | None = None
    ) -> None:
        self._measurements = measurements or Measurements()
        self._journal = journal
        self._limits = limits

    async def wait(self, endpoint: Endpoint) -> None:
        if not self._limits.argument:
            return
        booked = _booked.get()
        if booked is not None and booked.endpoint is endpoint:
            booked.endpoint = None
            left = booked.at - clock()
        else:
            lane = booked.lane if booked is not None else Lane.INTERACTIVE
            call = reserve(lane, endpoint, self._limits, ahead_ms=_AHEAD_MS)
            left = await self._journal(call) / 1000
        self._measurements.waited(endpoint, max(left, 0.0))
        if left > 0:
            await asyncio.sleep(left)


class NoRateLimiter(RateLimiter):
    """Nothing is limited."""

    async def wait(self, endpoint: Endpoint) -> None:
        return
