"""The journal's calls that claim and complete commands, with a worker's limits and lease."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from typing import TypeVar
from uuid import uuid4

from producer.journal import (
    Call,
    ClaimingStopped,
    ClaimResult,
    End,
    Grant,
    Journal,
    JournalUnavailable,
    Retry,
    claim,
    claim_many,
    claim_next,
    claim_next_many,
    complete,
)
from worker.celery.queue_selection import Prefetch
from worker.execution.shutdown import Shutdown, Stopping
from worker.settings import WorkerSettings

log = logging.getLogger(__name__)
T = TypeVar("T")


class Claimer:
    """Claims and completes commands; each claim is under a new holder's name."""

    def __init__(
        self, settings: WorkerSettings, journal: Journal, prefetch: Prefetch, shutdown: Shutdown
    ) -> None:
        self._journal = journal
        self._prefetch = prefetch
        self._shutdown = shutdown
        self._limits = settings.limits
        self._lease_ms = settings.lease_s * 1000
        self._draw = random.Random()

    async def command(self, command_id: str, queue: str, *, in_order: bool) -> ClaimResult:
        """Claim the command of a message that the queue delivered.

        Raises:
            Stopping: the worker stops while Redis is away.
            JournalFault: the journal cannot process the call.
        """
        call = claim(
            command_id, _new_holder(), self._lease_ms, in_order=in_order, limits=self._limits
        )
        return await self._counted(queue, 1, call)

    async def commands(
        self, command_ids: Sequence[str], queue: str, *, most: int
    ) -> list[ClaimResult]:
        """Claim the commands of a message, of which at most `most` start. Raises likewise."""
        call = claim_many(
            command_ids, _new_holder(), self._lease_ms, limits=self._limits, most=most
        )
        return await self._counted(queue, len(command_ids), call)

    async def lost_command(self, command_id: str) -> ClaimResult:
        """Claim a command whose message went missing.

        Raises:
            JournalUnavailable: Redis is away.
            JournalFault: the journal cannot process the call.
        """
        return await self._journal(
            claim(command_id, _new_holder(), self._lease_ms, in_order=False, limits=self._limits)
        )

    async def next_of(self, customer: str) -> ClaimResult:
        """Claim the next command of a customer that is due. Raises as `lost_command`."""
        return await self._journal(
            claim_next(customer, _new_holder(), self._lease_ms, limits=self._limits)
        )

    async def next_of_many(self, customers: Sequence[str]) -> list[ClaimResult]:
        """Claim the next command of each deferred customer. Raises as `lost_command`."""
        return await self._journal(
            claim_next_many(customers, _new_holder(), self._lease_ms, limits=self._limits)
        )

    async def complete(
        self,
        grant: Grant,
        outcome: End | Retry | ClaimingStopped,
        *,
        claim_following: bool,
        request: str,
    ) -> ClaimResult:
        """Complete the attempt, and claim the customer's next command if wanted.

        Raises as `command`. `request` is Stripe's id of the attempt's last request.
        """
        return await self.persist(
            complete(
                grant,
                outcome,
                next_holder=_new_holder() if claim_following else "",
                lease_ms=self._lease_ms,
                limits=self._limits,
                request=request,
            )
        )

    async def persist(self, call: Call[T]) -> T:
        """Repeat the call until Redis answers: what is known must not be lost while it is away.

        Raises:
            Stopping: the worker stops before.
            JournalFault: the journal cannot process the call, however often.
        """
        while True:
            try:
                return await self._journal(call)
            except JournalUnavailable as error:
                if self._shutdown.requested:
                    raise Stopping from error
                log.warning("waiting for Redis: %s", error)
                await self._shutdown.pause(self._draw.uniform(0.1, 1.0))

    async def _counted(self, queue: str, commands: int, call: Call[T]) -> T:
        """Make the call for so many commands of the queue, which count as prefetched meanwhile."""
        self._prefetch.claiming(queue, commands)
        try:
            return await self.persist(call)
        finally:
            self._prefetch.claiming(queue, -commands)


def _new_holder() -> str:
    return uuid4().hex
