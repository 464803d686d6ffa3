"""Builds Prometheus metric families from the journal's figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from producer.contract import CommandKind, Lane

KINDS = ("command", "lane")
PAIRS = [(kind, lane) for kind in CommandKind for lane in Lane]


def counter(
    name: str,
    what: str,
    counts: Mapping[tuple[CommandKind, Lane], int],
) -> Metric:
    """A counter by command and lane; each label starts at 0."""
    family = CounterMetricFamily(name, what, labels=KINDS)
    for kind, lane in PAIRS:
        family.add_metric([kind.value, lane.value], counts.get((kind, lane), 0))
    return family


def gauge(name: str, what: str, values: Mapping[Lane, float]) -> Metric:
    """A gauge by lane."""
    family = GaugeMetricFamily(name, what, labels=["lane"])
    for lane in Lane:
        family.add_metric([lane.value], values[lane])
    return family


def measured(
    family: HistogramMetricFamily,
    found: Mapping[tuple[str, ...], float],
    what: str,
    key: str,
    label: str,
    bounds: Sequence[float],
) -> None:
    """Add what workers measured under `what` and `key`, if anything."""
    counts = [found.get((what, key, str(place)), 0) for place in range(1, len(bounds) + 2)]
    if any(counts):
        total_ms = found.get((what, key, "ms"), 0)
        family.add_metric([label], cumulated(bounds, counts), total_ms / 1000)


def cumulated(bounds: Sequence[float], counts: Sequence[float]) -> list[tuple[str, float]]:
    """Prometheus' cumulative buckets: each counts everything below its bound."""
    buckets, total = [], 0.0
    for bound, count in zip((*bounds, float("inf")), counts, strict=True):
        total += count
        buckets.append(("+Inf" if bound == float("inf") else str(float(bound)), total))
    return buckets
