"""A limit of requests for each name, in this process, and the headers that tell of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor

from producer.http.access.gcra import CellRate

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class RateDecision:
    """Whether a request may go on: after `wait_s` whole seconds, 0 for now.

    `headers` go with its answer (draft-ietf-httpapi-ratelimit-headers-10).
    """

    wait_s: int
    headers: Headers


class RequestRate:
    """`rps` requests a second of each name, of which a second's worth may come at once.

    Names are those of configured tokens, so that there are few.
    """

    def __init__(
        self, rps: float, clock: Callable[[], float] = time.monotonic, *, burst: int = 1
    ) -> None:
        """Without a limit where `rps` is 0. So many as `burst` may come together in any case."""
        self._clock = clock
        self._due: dict[str, float] = {}
        self._pace: CellRate | None = None
        if rps > 0:
            burst = max(floor(rps), burst)
            self._pace = CellRate(burst, 1 / rps)
            self._policy = f'"requests";q={burst};w={ceil(burst / rps)}'.encode()

    def check(self, name: str) -> RateDecision | None:
        """Count a request of the name, unless it has to wait; None where there is no limit."""
        if self._pace is None:
            return None
        now, due = self._clock(), self._due.get(name, 0.0)
        wait = ceil(self._pace.wait_s(due, now))
        if not wait:
            due = self._due[name] = self._pace.used(due, now)
        # Where it must wait, the time of `Retry-After`; else that at which all has come back.
        resets = wait or ceil(max(due - now, 0.0))
        state = f'"requests";r={self._pace.left(due, now)};t={resets}'.encode()
        headers = ((b"ratelimit-policy", self._policy), (b"ratelimit", state))
        return RateDecision(wait, headers)
