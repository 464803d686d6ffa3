"""Metrics of commands, from the journal's figures: the same from every web process.

Scrape one of them, or take the maximum over all: a sum would count each command once per process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from producer.contract import Lane
from producer.http.metrics.metric_families import KINDS, PAIRS, counter, cumulated, gauge, measured
from producer.journal import Figures, Pace
from producer.journal.operations.dead_letters import DeadReason
from producer.journal.redis.buckets import END_S, REQUEST_S, START_S
from producer.journal.redis.endpoints import Endpoint


@dataclass(frozen=True, slots=True)
class JournalSnapshot:
    """What was last read from the journal."""

    figures: Figures
    paces: Mapping[str, Pace]
    dead_letters: Mapping[str, int]
    repeats: Mapping[str, int]
    """Messages of ended commands, by lane; none if workers have no signing keys."""
    migration_rows: Mapping[str, int]
    """Rows of migrations that have not ended, by state."""


class JournalMetrics(Collector):
    """Metric families of the snapshot; none while the journal does not answer."""

    def __init__(self) -> None:
        self.snapshot: JournalSnapshot | None = None

    def collect(self) -> Iterator[Metric]:
        """Labels known beforehand start at 0, so that the first increase is visible."""
        if self.snapshot is None:
            return
        for family in (_commands, _times, _lanes, _stripe, _limits, _rest):
            yield from family(self.snapshot)


def _commands(snapshot: JournalSnapshot) -> Iterator[Metric]:
    found = snapshot.figures
    yield counter("cards_commands_accepted", "Commands accepted.", found.accepted)
    yield counter(
        "cards_commands_replayed", "Failed commands that an operator replayed.", found.replayed
    )
    ended = CounterMetricFamily(
        "cards_commands_ended", "Commands that ended.", labels=(*KINDS, "state", "code")
    )
    for one, count in found.ended.items():
        ended.add_metric([one.kind.value, one.lane.value, one.state.value, one.code], count)
    yield ended
    open_ = GaugeMetricFamily(
        "cards_commands_open", "Commands accepted or replayed that have not ended.", labels=KINDS
    )
    for kind, lane in PAIRS:
        open_.add_metric([kind.value, lane.value], found.open(kind, lane))
    yield open_
    yield counter(
        "cards_command_takeovers",
        "Attempts whose worker disappeared before it reported their end.",
        found.taken_over,
    )
    retries = CounterMetricFamily(
        "cards_command_retries", "Attempts that led to a retry.", labels=(*KINDS, "code")
    )
    for (kind, lane, code), count in found.retried.items():
        retries.add_metric([kind.value, lane.value, code], count)
    yield retries


def _times(snapshot: JournalSnapshot) -> Iterator[Metric]:
    ends = HistogramMetricFamily(
        "cards_command_end_seconds", "From a command's acceptance to its end.", labels=KINDS
    )
    for (kind, lane), counts in snapshot.figures.end_times.items():
        ends.add_metric([kind.value, lane.value], cumulated(END_S, counts), None)
    yield ends
    starts = HistogramMetricFamily(
        "cards_command_start_seconds", "From a command's acceptance to its first attempt.",
        labels=["lane"],
    )  # fmt: skip
    for lane in Lane:
        measured(starts, snapshot.figures.measured, "start", lane.value, lane.value, START_S)
    yield starts


def _lanes(snapshot: JournalSnapshot) -> Iterator[Metric]:
    found = snapshot.figures
    yield gauge("cards_queue_messages", "Messages that no worker has received.", found.messages)
    yield gauge(
        "cards_commands_not_taken", "Commands whose message no worker has received.",
        found.unclaimed,
    )  # fmt: skip
    yield gauge(
        "cards_oldest_command_seconds",
        "Age of the oldest command that no worker has received; 0 where there is none.",
        found.oldest_s,
    )
    paused = {lane: float(lane in found.paused) for lane in Lane}
    yield gauge("cards_lane_paused", "1 while an operator keeps the lane paused.", paused)


def _stripe(snapshot: JournalSnapshot) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "cards_stripe_requests",
        "Requests to Stripe, by HTTP status, or by the reason why there was none.",
        labels=["endpoint", "status"],
    )
    for words, count in snapshot.figures.measured.items():
        if len(words) == 3 and words[0] == "requests" and words[1] in Endpoint.__members__:
            requests.add_metric([Endpoint[words[1]].value, words[2]], count)
    yield requests
    seconds = HistogramMetricFamily(
        "cards_stripe_request_seconds", "From a request to Stripe to its answer.",
        labels=["endpoint"],
    )  # fmt: skip
    for endpoint in Endpoint:
        measured(
            seconds, snapshot.figures.measured, "request", endpoint.name, endpoint.value, REQUEST_S
        )
    yield seconds
    refused = GaugeMetricFamily(
        "cards_stripe_key_refused", "1 while Stripe refuses the workers' key."
    )
    refused.add_metric([], float(snapshot.figures.stop is not None))
    yield refused


def _limits(snapshot: JournalSnapshot) -> Iterator[Metric]:
    def by_scope(name: str, what: str, value: Callable[[Pace], float]) -> Metric:
        family = GaugeMetricFamily(name, what, labels=["scope"])
        for scope, pace in snapshot.paces.items():
            family.add_metric([scope], value(pace))
        return family

    yield by_scope(
        "cards_rate_limit_factor", "The share of the limit left after Stripe's 429s, 0 to 1.",
        lambda pace: pace.factor,
    )  # fmt: skip
    yield by_scope(
        "cards_rate_limit_slowed", "How often Stripe's 429s have slowed the scope down.",
        lambda pace: pace.slowed,
    )  # fmt: skip
    yield by_scope(
        "cards_rate_limit_requests_per_second", "The limit; 0 for none.", lambda pace: pace.rate
    )
    booked = CounterMetricFamily(
        "cards_rate_limit_booked", "Requests for which a slot within the limit was booked.",
        labels=["scope"],
    )  # fmt: skip
    for scope, pace in snapshot.paces.items():
        booked.add_metric([scope], pace.booked)
    yield booked
    waits = HistogramMetricFamily(
        "cards_rate_limit_wait_seconds", "How long a started attempt waited for its slot.",
        labels=["endpoint"],
    )  # fmt: skip
    for endpoint in Endpoint:
        measured(waits, snapshot.figures.measured, "wait", endpoint.name, endpoint.value, START_S)
    yield waits


def _rest(snapshot: JournalSnapshot) -> Iterator[Metric]:
    found = snapshot.figures
    for name, what, value in (
        ("cards_commands_failed", "Failed commands, which wait for an operator.", found.failed),
        ("cards_commands_unsettled", "Commands attempted but not ended.", found.unsettled),
        ("cards_commands_unknown", "Of the oldest 1,000 of them, those whose effect is unknown.",
         found.unknown),
        ("cards_oldest_unsettled_seconds", "Age of the oldest unsettled command's first attempt.",
         found.oldest_unsettled_s),
        ("cards_leases", "Customers being worked on, of the 2,000 due first.", found.at_work),
        ("cards_workers", "Workers that fetched messages in the last 30 s.", found.workers),
    ):  # fmt: skip
        gauge = GaugeMetricFamily(name, what)
        gauge.add_metric([], value)
        yield gauge
    letters = CounterMetricFamily(
        "cards_dead_letters", "Messages moved to the dead letters, which no worker can execute.",
        labels=["reason"],
    )  # fmt: skip
    for reason in DeadReason:
        letters.add_metric([reason.value], snapshot.dead_letters.get(reason.value, 0))
    yield letters
    repeated = CounterMetricFamily(
        "cards_messages_of_ended_commands",
        "Messages that arrived after their command had ended, without effect.",
        labels=["lane"],
    )
    for of_lane, number in snapshot.repeats.items():
        repeated.add_metric([of_lane], number)
    yield repeated
    rows = GaugeMetricFamily(
        "cards_migration_rows",
        "Rows of migrations that have not ended, by state.",
        labels=["state"],
    )
    for state, number in snapshot.migration_rows.items():
        rows.add_metric([state], number)
    yield rows
    faults = CounterMetricFamily(
        "cards_worker_redis_errors", "Round trips of workers to Redis that failed.",
        labels=["kind"],
    )  # fmt: skip
    for words, count in found.measured.items():
        if len(words) == 2 and words[0] == "redis_error":
            faults.add_metric([words[1]], count)
    yield faults
