"""One write at a time per customer (Stripe docs: rate-limits, object lock timeouts)."""

from __future__ import annotations

from sandbox.protocol.errors import lock_timeout


class Locks:
    """The customers being written to. Stripe waits briefly for a lock; the sandbox does not."""

    def __init__(self) -> None:
        self._held: set[str] = set()

    def take(self, customer: str) -> None:
        """Raises StripeError 429 `lock_timeout` if another write holds the customer."""
        if customer in self._held:
            raise lock_timeout()
        self._held.add(customer)

    def free(self, customer: str) -> None:
        self._held.discard(customer)
