"""Delays each request to Stripe until its reserved place within the rate limit."""

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

# Longer than any queue can be: a read within an attempt is never refused.
_AHEAD_MS = 600_000


class RateLimiter(Protocol):
    """Waited for before each request."""

    async def wait(self, endpoint: Endpoint) -> None:
        """Return when the request may be sent.

        Raises:
            JournalUnavailable: no place could be reserved; nothing may be sent.
        """


@dataclass(slots=True)
class _Reservation:
    lane: Lane
    endpoint: Endpoint | None
    at: float


_reservation: ContextVar[_Reservation | None] = ContextVar("reservation", default=None)


def use_reservation(grant: Grant, answered_at: float) -> None:
    """The grant reserved a place for this task's first request; `answered_at` is our clock then."""
    at = answered_at + max(0, grant.start_ms - grant.now_ms) / 1000
    _reservation.set(_Reservation(grant.lane, grant.endpoint, at))


class SharedRateLimiter(RateLimiter):
    """Waits for the place that the grant reserved, or reserves one."""

    def __init__(
        self, journal: Journal, limits: Limits, measurements: Measurements | None = None
    ) -> None:
        self._measurements = measurements or Measurements()
        self._journal = journal
        self._limits = limits

    async def wait(self, endpoint: Endpoint) -> None:
        if not self._limits.argument:
            return
        reserved = _reservation.get()
        if reserved is not None and reserved.endpoint is endpoint:
            reserved.endpoint = None
            delay_s = reserved.at - clock()
        else:
            lane = reserved.lane if reserved is not None else Lane.INTERACTIVE
            call = reserve(lane, endpoint, self._limits, ahead_ms=_AHEAD_MS)
            delay_s = await self._journal(call) / 1000
        self._measurements.waited(endpoint, max(delay_s, 0.0))
        if delay_s > 0:
            await asyncio.sleep(delay_s)


class NoRateLimiter(RateLimiter):
    """Never waits."""

    async def wait(self, endpoint: Endpoint) -> None:
        return
