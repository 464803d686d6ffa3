"""What `GET /metrics` counts. The registry belongs to the app, not to the process."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from producer.contract import CommandKind, Lane

# From a refusal to the longest wait a caller may ask for.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Requests, accepted commands, and callers that wait."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "cards_http_requests",
            "Requests, by route template and status.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "cards_http_request_seconds",
            "From request to answer, waiting for the command included.",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._accepted = Counter(
            "cards_commands_accepted",
            "Commands accepted over HTTP; repeats under an idempotency key not counted.",
            ["kind", "lane"],
            registry=self._registry,
        )
        self._waiters = Gauge(
            "cards_http_waiters", "Callers waiting for a command now.", registry=self._registry
        )

    def count_waiters(self, count: Callable[[], int]) -> None:
        """Where to ask how many callers wait."""
        self._waiters.set_function(count)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def accepted(self, kind: CommandKind, lane: Lane) -> None:
        """A command was accepted."""
        self._accepted.labels(kind.value, lane.value).inc()

    def response(self) -> Response:
        """All of it, in Prometheus' text format."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)
