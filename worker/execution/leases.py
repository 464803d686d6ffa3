"""Leases on customers: held by a clock of our own, renewed together."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field

from producer.journal import Grant, Journal, JournalFault, JournalUnavailable, renew
from worker.clock import clock

log = logging.getLogger(__name__)

# Sending stops this long before the lease ends, so that a request is on its way by then.
_MARGIN_S = 0.5


@dataclass(slots=True)
class Lease:
    """A customer's lease as its holder sees it; `expires` is never later than in Redis."""

    customer: str
    fence: str
    expires: float
    lost: bool = field(default=False)

    def held(self) -> bool:
        """Whether a request may be sent under it now."""
        return self.left() > 0

    def left(self) -> float:
        """Seconds for which requests may be sent under it, were it not renewed."""
        return 0.0 if self.lost else max(0.0, self.expires - _MARGIN_S - clock())


class LeaseKeeper:
    """Renews every lease this process holds, at a third of their length, in one call.

    So it does for customers in hand, which have no lease yet.
    """

    def __init__(self, journal: Journal, lease_s: float) -> None:
        self._journal = journal
        self._lease_s = lease_s
        self._held: dict[str, Lease] = {}
        self._deferred: Counter[str] = Counter()

    def hold(self, grant: Grant, asked_at: float) -> Lease:
        """Keep the granted lease until it is released. `asked_at` is our clock before asking."""
        lease = Lease(grant.customer, grant.fence, asked_at + grant.lease_ms / 1000)
        self._held[grant.customer] = lease
        return lease

    def release(self, lease: Lease) -> None:
        """Stop renewing."""
        if self._held.get(lease.customer) is lease:
            del self._held[lease.customer]

    def keep(self, customer: str) -> None:
        """Keep a customer in hand, without a lease, until it is dropped as often."""
        self._deferred[customer] += 1

    def drop(self, customer: str) -> None:
        """Keep it no longer."""
        self._deferred[customer] -= 1
        if self._deferred[customer] <= 0:
            del self._deferred[customer]

    def __len__(self) -> int:
        return len(self._held) + len(self._deferred)

    async def run(self) -> None:
        """Renew until cancelled. While Redis is away leases run out by their own clock."""
        while True:
            await asyncio.sleep(self._lease_s / 3)
            leases = [lease for lease in self._held.values() if not lease.lost]
            deferred = [(customer, "") for customer in self._deferred]
            if not leases and not deferred:
                continue
            asked_at = clock()
            held = [(one.customer, one.fence) for one in leases]
            try:
                still = await self._journal(renew(held + deferred, int(self._lease_s * 1000)))
            except (JournalUnavailable, JournalFault) as error:
                log.warning("leases not renewed: %s", error)
                continue
            for lease, is_held in zip(leases, still, strict=False):
                if is_held:
                    lease.expires = asked_at + self._lease_s
                elif self._held.get(lease.customer) is lease:
                    lease.lost = True
                    log.warning("lease of %s is lost", lease.customer)
