"""Limits each token's requests in this process, with the headers that report the limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor

from producer.http.access.gcra import CellRate

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class RateDecision:
    """Whole seconds until the request is allowed, 0 for now, and headers for its answer.

    The headers follow draft-ietf-httpapi-ratelimit-headers-10.
    """

    wait_s: int
    headers: Headers


class RequestRate:
    """`rps` requests a second for each name, with bursts of one second's worth.

    Names are those of configured tokens, so there are few.
    """

    def __init__(
        self, rps: float, clock: Callable[[], float] = time.monotonic, *, burst: int = 1
    ) -> None:
        """No limit if `rps` is 0. `burst` is the least number of requests allowed at once."""
        self._clock = clock
        self._due: dict[str, float] = {}
        self._pace: CellRate | None = None
        if rps > 0:
            burst = max(floor(rps), burst)
            self._pace = CellRate(burst, 1 / rps)
            self._policy = f'"requests";q={burst};w={ceil(burst / rps)}'.encode()

    def check(self, name: str) -> RateDecision | None:
        """Count a request of the name unless it must wait; None if there is no limit."""
        if self._pace is None:
            return None
        now, due = self._clock(), self._due.get(name, 0.0)
        wait = ceil(self._pace.wait_s(due, now))
        if not wait:
            due = self._due[name] = self._pace.used(due, now)
        # If it must wait, as `Retry-After`; else when the whole burst is available again.
        resets = wait or ceil(max(due - now, 0.0))
        state = f'"requests";r={self._pace.left(due, now)};t={resets}'.encode()
        headers = ((b"ratelimit-policy", self._policy), (b"ratelimit", state))
        return RateDecision(wait, headers)
