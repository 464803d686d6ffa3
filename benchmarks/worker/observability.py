"""What metrics and the log cost a worker: CPU per bulk command, compared with fewer of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks.harness.contenders import Ours
from benchmarks.harness.stage import Stage
from benchmarks.harness.table import Row, compared
from producer.contract import Lane

_WARM_UP = 200
_BLIND = "benchmarks.peers.blind_worker"
_SHIPPED, _JSON, _UNMEASURED, _BLINDED = (
    "as shipped",
    "log as JSON",
    "no metrics",
    "no metrics, no log",
)
_WORKERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    _SHIPPED: ("worker.app", {}),
    _JSON: ("worker.app", {"CARDS_LOG_FORMAT": "json"}),
    _UNMEASURED: (_BLIND, {}),
    _BLINDED: (_BLIND, {"UNLOGGED": "1"}),
}


def run(stage: Stage, quick: bool, _python: Path | None) -> list[Row]:
    """Measure workers that differ in metrics and log, in interleaved rounds.

    Rows are medians of each round's ratio, since a busy machine slows a round's four alike.
    """
    rounds, count = (5, 600) if quick else (15, 2000)
    sandbox = stage.sandbox()
    workers = {name: _worker(stage, *how) for name, how in _WORKERS.items()}
    for one in workers.values():
        one.carry_out(_WARM_UP)
    costs: dict[str, list[float]] = defaultdict(list)
    for number in range(rounds):
        # The order changes each round, so that none gains by its place.
        order = list(workers.items())
        shift = number % len(order)
        for name, one in order[shift:] + order[:shift]:
            costs[name].append(one.carry_out(count).cpu_ms)
        sandbox.reset(keep_config=True)
    what = "worker CPU per bulk command, {}"
    return [
        _row(what.format(_SHIPPED), costs, _SHIPPED, _UNMEASURED, at_most=1.05),
        _row(what.format(_SHIPPED), costs, _SHIPPED, _BLINDED),
        _row(what.format(_JSON), costs, _JSON, _BLINDED),
    ]


def _worker(stage: Stage, app: str, settings: Mapping[str, str]) -> Ours:
    url = stage.valkey().url
    (process,) = stage.workers(url, 1, settings, app)
    return Ours(url, Lane.BULK, process)


def _row(
    what: str,
    costs: Mapping[str, list[float]],
    ours: str,
    other: str,
    at_most: float | None = None,
) -> Row:
    against = median(costs[other])
    ratio = median(a / b for a, b in zip(costs[ours], costs[other], strict=True))
    return compared(what, ratio * against, other, against, unit="ms", at_most=at_most)
