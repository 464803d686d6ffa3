"""Rate limits per account and per endpoint (Stripe docs: rate-limits), and request counts."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from sandbox.protocol.errors import rate_limited

_SECONDS_COUNTED = 3600


@dataclass(slots=True)
class _Bucket:
    """A token bucket whose capacity is one second's tokens."""

    tokens: float
    at: float

    def take(self, rate: float, now: float) -> bool:
        capacity = max(rate, 1.0)
        self.tokens = min(capacity, self.tokens + (now - self.at) * rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Limits:
    """Counts requests by second and refuses those over the rate."""

    def __init__(self) -> None:
        self._account: _Bucket | None = None
        self._endpoints: dict[str, _Bucket] = {}
        self._seconds: OrderedDict[int, dict[str, list[int]]] = OrderedDict()

    def admit(self, endpoint: str, rps: float | None, endpoint_rps: float | None) -> None:
        """Count a request. `endpoint` is an operation: all `POST /v1/customers/:id` share one.

        Raises StripeError 429 with Stripe-Rate-Limited-Reason.
        """
        second = int(time.time())
        counts = self._seconds.get(second)
        if counts is None:
            counts = self._seconds[second] = {}
            if len(self._seconds) > _SECONDS_COUNTED:
                self._seconds.popitem(last=False)
        count = counts.setdefault(endpoint, [0, 0])
        count[0] += 1
        if rps is None and endpoint_rps is None:
            return
        now = time.monotonic()
        reason = None
        if rps is not None:
            if self._account is None:
                self._account = _Bucket(max(rps, 1.0), now)
            if not self._account.take(rps, now):
                reason = "global-rate"
        if reason is None and endpoint_rps is not None:
            bucket = self._endpoints.get(endpoint)
            if bucket is None:
                bucket = self._endpoints[endpoint] = _Bucket(max(endpoint_rps, 1.0), now)
            if not bucket.take(endpoint_rps, now):
                reason = "endpoint-rate"
        if reason is not None:
            count[1] += 1
            raise rate_limited(reason)

    def refill(self) -> None:
        """Reset the buckets, so that a changed rate starts with a full one."""
        self._account = None
        self._endpoints.clear()

    def shown(self) -> list[dict[str, Any]]:
        """The seconds of the last hour that saw a request, oldest first."""
        return [
            {
                "second": second,
                "requests": sum(total for total, _ in counts.values()),
                "limited": sum(limited for _, limited in counts.values()),
                "endpoints": {name: total for name, (total, _) in counts.items()},
            }
            for second, counts in self._seconds.items()
        ]
