"""What `GET /metrics` counts. The registry belongs to the app, not to the process."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from producer.http.journal_metrics import JournalMetrics, Told

# From a refusal to the longest wait a caller may ask for.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Requests and callers that wait, of this process; and what the journal told last."""

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
        self._waiters = Gauge(
            "cards_http_waiters", "Callers waiting for a command now.", registry=self._registry
        )
        self._journal = JournalMetrics()
        self._registry.register(self._journal)

    def count_waiters(self, count: Callable[[], int]) -> None:
        """Where to ask how many callers wait."""
        self._waiters.set_function(count)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def told(self, told: Told | None) -> None:
        """What the journal told; None where it does not answer: old figures look like news."""
        self._journal.told = told

    def response(self) -> Response:
        """All of it, in Prometheus' text format."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)
