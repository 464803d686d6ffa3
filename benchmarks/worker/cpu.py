"""Worker CPU per command, with a sandbox without latency."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from statistics import median

from benchmarks.harness.contenders import CELERY, Contender, Floor, PlainCelery, ours, peers
from benchmarks.harness.stage import Stage
from benchmarks.harness.table import Row, compared

_WARM_UP = 50


def run(stage: Stage, quick: bool, python: Path | None) -> list[Row]:
    """Measure all contenders in interleaved rounds."""
    rounds, many, few = (3, 800, 150) if quick else (5, 3000, 1000)
    sandbox = stage.sandbox()
    bulk, interactive = ours(stage)
    plain, floor = PlainCelery(stage, stage.valkey().url), Floor(stage)
    others = peers(stage, python, ("arq", "saq"))
    contenders: list[Contender] = [bulk, interactive, plain, floor, *others.values()]
    for one in contenders:
        one.carry_out(_WARM_UP)
    costs: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for one in contenders:
            count = many if one in (bulk, floor) else few
            costs[one.name].append(one.carry_out(count).cpu_ms)
        sandbox.reset(keep_config=True)
    ms = {name: median(values) for name, values in costs.items()}
    bulk_ms, single_ms = ms[bulk.name], ms[interactive.name]
    what_bulk, what_single = "worker CPU per bulk command", "worker CPU per interactive command"
    return [
        compared(what_bulk, bulk_ms, "arq", ms.get("arq"), unit="ms", at_most=0.4),
        compared(what_single, single_ms, "arq", ms.get("arq"), unit="ms", at_most=1.5),
        compared(what_bulk, bulk_ms, CELERY, ms[CELERY], unit="ms", at_most=0.14),
        compared(what_single, single_ms, CELERY, ms[CELERY], unit="ms", at_most=0.65),
        compared(what_bulk, bulk_ms, floor.name, ms[floor.name], unit="ms", at_most=1.6),
        compared(what_bulk, bulk_ms, "saq", ms.get("saq"), unit="ms"),
        compared(what_single, single_ms, "saq", ms.get("saq"), unit="ms"),
    ]
