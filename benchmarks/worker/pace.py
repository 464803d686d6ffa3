"""One worker process at Stripe's usual latency of 300 ms."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from statistics import median

from benchmarks.harness import meter
from benchmarks.harness.contenders import Contender, ours, peers
from benchmarks.harness.stage import Stage
from benchmarks.harness.table import Row, bounded, figure

_LATENCY_MS = 300
_RATE = 100.0
_WANTED_RATE = 100.0
_WARM_UP = 50


def run(stage: Stage, quick: bool, python: Path | None) -> list[Row]:
    """Measure how many commands a second are reached, and the cost of 100 a second."""
    rounds, seconds, flood = (1, 2, 240) if quick else (2, 10, 1000)
    stage.sandbox(latency={"kind": "fixed", "ms": _LATENCY_MS})
    contenders: list[Contender] = [*ours(stage)]
    mine = contenders[0]
    others = peers(stage, python, ("arq",))
    contenders += others.values()
    for one in contenders:
        one.carry_out(_WARM_UP)
    used: dict[str, list[float]] = defaultdict(list)
    reached: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for one in contenders:
            cost = one.carry_out(int(seconds * _RATE), _RATE)
            used[one.name].append(cost.cpu_ms * _RATE / 10)  # percent of a core
            reached[one.name].append(one.carry_out(flood).rate)
    arq = others.get("arq")
    rows = []
    for one in contenders:
        if one is arq:
            continue
        rate = median(reached[one.name])
        against = f"arq: {figure(median(reached[arq.name]))}/s" if arq else "arq: left out"
        rows.append(
            Row(
                f"{one.name}: one worker at {_LATENCY_MS} ms, all it can",
                f"{figure(rate)}/s",
                against,
                "",
                f"at least {_WANTED_RATE:g}/s",
                rate >= _WANTED_RATE,
            )
        )
        share = median(used[one.name])
        what = f"{one.name}: CPU of that worker at {_RATE:g}/s"
        ours_shown = f"{figure(share)} % of a core"
        if arq is None:
            rows.append(Row(what, ours_shown, "arq: left out"))
            continue
        peer = median(used[arq.name])
        rows.append(
            Row(
                what,
                ours_shown,
                f"arq: {figure(peer)} %",
                f"{share - peer:+.1f} points",
                "at most +25 points",
                share - peer <= 25,
            )
        )
    against = f"arq: {figure(meter.rss_mb(arq.pid))} MB" if arq else "arq: left out"
    memory = meter.rss_mb(mine.pid)
    rows.append(
        bounded("resident memory of that worker", memory, unit="MB", at_most=160, against=against)
    )
    return rows
