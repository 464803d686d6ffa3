"""A limit of requests for each name, in this process, and the headers that tell of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor

from producer.http.access.gcra import Pace

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Turn:
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
        self, rps: float, clock: Callable[[], float] = time.monotonic, *, at_once: int = 1
    ) -> None:
        """Without a limit where `rps` is 0. So many as `at_once` may come together in any case."""
        self._clock = clock
        self._due: dict[str, float] = {}
        self._pace: Pace | None = None
        if rps > 0:
            at_once = max(floor(rps), at_once)
            self._pace = Pace(at_once, 1 / rps)
            self._policy = f'"requests";q={at_once};w={ceil(at_once / rps)}'.encode()

    def turn(self, name: str) -> Turn | None:
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
        return Turn(wait, headers)
