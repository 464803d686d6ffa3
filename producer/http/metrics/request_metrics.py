"""The registry of `GET /metrics`. It belongs to the app, not to the process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.responses import Response

from producer.http.metrics.journal_metrics import JournalMetrics, JournalSnapshot
from producer.http.rejections import Rejection

# From a quick refusal to the longest wait that a caller may request.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Requests and waiting callers of this process, and the last snapshot of the journal."""

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
        self._rejected = Counter(
            "cards_http_refused",
            "Connections and requests ended by a limit of the server, by reason.",
            ["reason"],
            registry=self._registry,
        )
        for reason in Rejection:
            self._rejected.labels(reason.label)
        self._connections = Gauge(
            "cards_http_connections", "Connections open now.", registry=self._registry
        )
        self._waiters = Gauge(
            "cards_http_waiters", "Callers waiting for a command now.", registry=self._registry
        )
        self._rate_limited = Counter(
            "cards_http_rate_limited",
            "Requests beyond CARDS_API_RPS, by the token's name.",
            ["by"],
            registry=self._registry,
        )
        self._wrong_tokens = Counter(
            "cards_http_wrong_tokens",
            "Unknown tokens, sent to the API or to the page's sign-in.",
            ["at"],
            registry=self._registry,
        )
        self._journal_lost = Gauge(
            "cards_journal_lost",
            "1 while Redis has other data than before.",
            registry=self._registry,
        )
        self._journal = JournalMetrics()
        self._registry.register(self._journal)

    def count_waiters(self, count: Callable[[], int]) -> None:
        """Set the source of the number of waiting callers."""
        self._waiters.set_function(count)

    def count_redis_errors(self, errors: Mapping[str, int]) -> None:
        """Set the counts of failed round trips to Redis, by kind."""
        self._registry.register(_RedisErrors(errors))

    def watch_journal_lost(self, lost: Callable[[], bool]) -> None:
        """Set the source of whether the journal was lost."""
        self._journal_lost.set_function(lambda: float(lost()))

    def count_connections(self, count: Callable[[], int]) -> None:
        """Set the source of the number of open connections."""
        self._connections.set_function(count)

    def rejected(self, reason: Rejection) -> None:
        """Count a connection or request that a server limit ended."""
        self._rejected.labels(reason.label).inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request and its duration."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def declare_tokens(self, names: Iterable[str]) -> None:
        """Start the tokens' counters at 0, so that the first refusal shows as an increase."""
        for name in names:
            self._rate_limited.labels(name)
        for at in ("api", "page"):
            self._wrong_tokens.labels(at)

    def rate_limited(self, name: str) -> None:
        """Count a request that exceeded the rate limit of the token's name."""
        self._rate_limited.labels(name).inc()

    def wrong_token(self, at: str) -> None:
        """Count an unknown token sent to the `api` or the `page`."""
        self._wrong_tokens.labels(at).inc()

    def set_journal(self, snapshot: JournalSnapshot | None) -> None:
        """Set the journal's snapshot; None, rather than stale figures, while it does not answer."""
        self._journal.snapshot = snapshot

    def response(self) -> Response:
        """All metrics in Prometheus' text format."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)


class _RedisErrors(Collector):
    def __init__(self, errors: Mapping[str, int]) -> None:
        self._errors = errors

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "cards_redis_errors", "Round trips to Redis that failed.", labels=["kind"]
        )
        for kind, count in self._errors.items():
            family.add_metric([kind], count)
        yield family
