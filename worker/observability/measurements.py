"""A worker's measurements, until added to the counts in Redis (`journal.operations.counts`).

Any web process then reports all workers' figures, so that no worker has to be scraped.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence

from producer.contract import Lane
from producer.journal.redis.buckets import REQUEST_S, START_S
from producer.journal.redis.endpoints import Endpoint


class Measurements:
    """Counts since the last `take`. For one event loop."""

    def __init__(self, redis_errors: Mapping[str, int] | None = None) -> None:
        """`redis_errors` counts failed round trips, by kind, for as long as the process lives."""
        self._counts: Counter[str] = Counter()
        self._errors: Mapping[str, int] = redis_errors if redis_errors is not None else {}
        self._reported_errors: Counter[str] = Counter()

    def requested(self, endpoint: Endpoint, status: str, seconds: float) -> None:
        """A request to Stripe ended with an HTTP status, or with a failure's name."""
        self._counts[f"worker requests {endpoint.name} {status}"] += 1
        self._observe(f"worker request {endpoint.name}", seconds, REQUEST_S)

    def waited(self, endpoint: Endpoint, seconds: float) -> None:
        """A request waited for its place within the rate limit."""
        self._observe(f"worker wait {endpoint.name}", seconds, START_S)

    def started(self, lane: Lane, seconds: float) -> None:
        """A command's first attempt starts, so long after its acceptance."""
        self._observe(f"worker start {lane.value}", seconds, START_S)

    def take(self) -> Counter[str]:
        """The counts to add to Redis; counting restarts from zero."""
        for kind, count in self._errors.items():
            if (new := count - self._reported_errors[kind]) > 0:
                self._counts[f"worker redis_error {kind.replace(' ', '_')}"] += new
                self._reported_errors[kind] = count
        taken, self._counts = self._counts, Counter()
        return taken

    def give_back(self, taken: Mapping[str, int]) -> None:
        """The counts could not be added."""
        self._counts.update(taken)

    def _observe(self, name: str, seconds: float, bounds: Sequence[float]) -> None:
        self._counts[f"{name} {bisect_left(bounds, seconds) + 1}"] += 1
        self._counts[f"{name} ms"] += round(seconds * 1000)
