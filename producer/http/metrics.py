"""What `GET /metrics` counts. The registry belongs to the app, not to the process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.responses import Response

from producer.contract import CommandKind, Lane
from producer.http.turned_away import TurnedAway
from producer.journal import Backlog, Pace
from producer.journal.dead_letters import DeadReason

# From a refusal to the longest wait a caller may ask for.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Requests, accepted commands, callers that wait; and what the journal told last."""

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
        self._turned_away = Counter(
            "cards_http_refused",
            "Connections and requests ended by a limit of the server, by reason.",
            ["reason"],
            registry=self._registry,
        )
        for reason in TurnedAway:
            self._turned_away.labels(reason.label)
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

        self._messages = self._by_lane("cards_queue_messages", "Messages that no worker has taken.")
        self._not_taken = self._by_lane(
            "cards_commands_not_taken", "Commands whose message no worker has received."
        )
        self._dead_letters, self._repeats = _DeadLetters(), _Repeats()
        self._registry.register(self._dead_letters)
        self._registry.register(self._repeats)
        self._limit_factor = Gauge(
            "cards_rate_limit_factor",
            "What Stripe's 429s have left of the limit, 0 to 1.",
            ["scope"],
            registry=self._registry,
        )
        self._limit_slowed = Gauge(
            "cards_rate_limit_slowed",
            "How often Stripe's 429s have slowed the scope down.",
            ["scope"],
            registry=self._registry,
        )

    def _by_lane(self, name: str, what: str) -> Gauge:
        return Gauge(name, what, ["lane"], registry=self._registry)

    def count_waiters(self, count: Callable[[], int]) -> None:
        """Where to ask how many callers wait."""
        self._waiters.set_function(count)

    def count_connections(self, count: Callable[[], int]) -> None:
        """Where to ask how many connections are open."""
        self._connections.set_function(count)

    def turned_away(self, reason: TurnedAway) -> None:
        """A limit of the server ended a connection or a request."""
        self._turned_away.labels(reason.label).inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def expect(self, names: Iterable[str]) -> None:
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

    def accepted(self, kind: CommandKind, lane: Lane) -> None:
        """A command was accepted."""
        self._accepted.labels(kind.value, lane.value).inc()

    def told(
        self,
        backlog: Backlog,
        paces: Mapping[str, Pace],
        dead_letters: Mapping[str, int],
        repeats: Mapping[str, int],
    ) -> None:
        """What waits, how the rate limit stands, how many messages were set aside for what.

        And how many came when their command had ended, by lane.
        """
        self._dead_letters.counts, self._repeats.counts = dead_letters, repeats
        for lane in Lane:
            self._messages.labels(lane.value).set(backlog.messages[lane])
            self._not_taken.labels(lane.value).set(backlog.not_taken[lane])
        for scope, pace in paces.items():
            self._limit_factor.labels(scope).set(pace.factor)
            self._limit_slowed.labels(scope).set(pace.slowed)

    def unknown(self) -> None:
        """The journal does not answer: old figures would look like news."""
        for gauge in (self._messages, self._not_taken, self._limit_factor, self._limit_slowed):
            gauge.clear()
        self._dead_letters.counts, self._repeats.counts = None, {}

    def response(self) -> Response:
        """All of it, in Prometheus' text format."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)


class _DeadLetters(Collector):
    """Counts that the journal keeps, since workers make them. None where it does not answer."""

    def __init__(self) -> None:
        self.counts: Mapping[str, int] | None = None

    def collect(self) -> Iterator[Metric]:
        """Each reason there is, from 0, so that the first of one is seen as a rise."""
        family = CounterMetricFamily(
            "cards_dead_letters",
            "Messages set aside, since no worker can carry them out.",
            labels=["reason"],
        )
        if self.counts is not None:
            for reason in DeadReason:
                family.add_metric([reason.value], self.counts.get(reason.value, 0))
        yield family


class _Repeats(Collector):
    """Counts that the journal keeps, where workers have signing keys."""

    def __init__(self) -> None:
        self.counts: Mapping[str, int] = {}

    def collect(self) -> Iterator[Metric]:
        """Each lane that any were counted of."""
        family = CounterMetricFamily(
            "cards_messages_of_ended_commands",
            "Messages that came when their command had ended, and had no effect.",
            labels=["lane"],
        )
        for lane, count in self.counts.items():
            family.add_metric([lane], count)
        yield family
