"""What `GET /metrics` counts. The registry belongs to the app, not to the process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.responses import Response

from producer.http.metrics.journal_metrics import JournalMetrics, JournalSnapshot
from producer.http.rejections import Rejection

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
            "Tokens that are none of ours, of the API or of the page's sign-in.",
            ["at"],
            registry=self._registry,
        )
        self._journal_lost = Gauge(
            "cards_journal_lost",
            "1 while Redis does not have the data of before.",
            registry=self._registry,
        )
        self._journal = JournalMetrics()
        self._registry.register(self._journal)

    def count_waiters(self, count: Callable[[], int]) -> None:
        """Where to ask how many callers wait."""
        self._waiters.set_function(count)

    def count_redis_errors(self, errors: Mapping[str, int]) -> None:
        """Where failed round trips to Redis are counted, by kind."""
        self._registry.register(_RedisErrors(errors))

    def watch_journal_lost(self, lost: Callable[[], bool]) -> None:
        """Where to ask whether the journal was lost."""
        self._journal_lost.set_function(lambda: float(lost()))

    def count_connections(self, count: Callable[[], int]) -> None:
        """Where to ask how many connections are open."""
        self._connections.set_function(count)

    def rejected(self, reason: Rejection) -> None:
        """A limit of the server ended a connection or a request."""
        self._rejected.labels(reason.label).inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def declare_tokens(self, names: Iterable[str]) -> None:
        """Names of tokens, counted from 0, so that the first refusal is seen as a rise."""
        for name in names:
            self._rate_limited.labels(name)
        for at in ("api", "page"):
            self._wrong_tokens.labels(at)

    def rate_limited(self, name: str) -> None:
        """A request of the name came too early."""
        self._rate_limited.labels(name).inc()

    def wrong_token(self, at: str) -> None:
        """A token that is none was shown to the `api` or the `page`."""
        self._wrong_tokens.labels(at).inc()

    def set_journal(self, snapshot: JournalSnapshot | None) -> None:
        """What the journal told; None where it does not answer: old figures look like news."""
        self._journal.snapshot = snapshot

    def response(self) -> Response:
        """All of it, in Prometheus' text format."""
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
