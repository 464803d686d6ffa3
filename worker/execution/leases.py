"""Leases on customers: timed by the worker's own clock, renewed together."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field

from producer.journal import Grant, Journal, JournalFault, JournalUnavailable, renew
from worker.clock import clock

log = logging.getLogger(__name__)

# Sending stops this long before the lease expires, so that the request is sent by then.
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
        """Seconds for which requests may be sent under it unless it is renewed."""
        return 0.0 if self.lost else max(0.0, self.expires - _MARGIN_S - clock())


class LeaseKeeper:
    """Renews every lease of this process in one call, each third of their length.

    The call also renews deferred customers, which have no lease.
    """

    def __init__(self, journal: Journal, lease_s: float) -> None:
        self._journal = journal
        self._lease_s = lease_s
        self._held: dict[str, Lease] = {}
        self._deferred: Counter[str] = Counter()

    def hold(self, grant: Grant, asked_at: float) -> Lease:
        """Renew the granted lease until released. `asked_at` is our clock before the claim."""
        lease = Lease(grant.customer, grant.fence, asked_at + grant.lease_ms / 1000)
        self._held[grant.customer] = lease
        return lease

    def release(self, lease: Lease) -> None:
        """Stop renewing the lease."""
        if self._held.get(lease.customer) is lease:
            del self._held[lease.customer]

    def keep(self, customer: str) -> None:
        """Renew a deferred customer until it is dropped as often as it was kept."""
        self._deferred[customer] += 1

    def drop(self, customer: str) -> None:
        """Undo one `keep`."""
        self._deferred[customer] -= 1
        if self._deferred[customer] <= 0:
            del self._deferred[customer]

    def __len__(self) -> int:
        return len(self._held) + len(self._deferred)

    async def run(self) -> None:
        """Renew until cancelled. While Redis is away leases expire by the worker's clock."""
        while True:
            await asyncio.sleep(self._lease_s / 3)
            leases = [lease for lease in self._held.values() if not lease.lost]
            deferred = [(customer, "") for customer in self._deferred]
            if not leases and not deferred:
                continue
            asked_at = clock()
            held = [(lease.customer, lease.fence) for lease in leases]
            try:
                renewed = await self._journal(renew(held + deferred, int(self._lease_s * 1000)))
            except (JournalUnavailable, JournalFault) as error:
                log.warning("leases not renewed: %s", error)
                continue
            for lease, is_renewed in zip(leases, renewed, strict=False):
                if is_renewed:
                    lease.expires = asked_at + self._lease_s
                elif self._held.get(lease.customer) is lease:
                    lease.lost = True
                    log.warning("lease of %s is lost", lease.customer)
