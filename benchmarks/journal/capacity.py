"""What one Redis can carry: its CPU for a command's whole life, from acceptance to outcome.

Redis runs scripts one at a time, so one core of it is the limit. Two cores of clients cannot fill
it; its CPU time by the operating system's accounting, divided by the commands, gives the limit. The
comparison is plain Celery's Redis for the same job: the cost of message, acknowledgement, result.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import redis

from benchmarks.harness import meter
from benchmarks.harness.contenders import CELERY, Contender, Ours, PlainCelery
from benchmarks.harness.stage import Stage, server_of
from benchmarks.harness.table import Row, figure
from local.servers.valkey import ValkeyServer
from producer.contract import Lane

_MOST_CPU = {Lane.BULK: 120, Lane.INTERACTIVE: 300}
_MOST_WRITTEN = {Lane.BULK: 1_500}


class _Cost(NamedTuple):
    """The cost to Redis of a command: CPU and script time (microseconds), bytes of its file."""

    cpu_us: float
    scripts_us: float
    written: float


def run(stage: Stage, quick: bool, _python: Path | None) -> list[Row]:
    """Measure a real worker, with its queues, events and renewals; fsync on every write."""
    rounds, count = (2, 500) if quick else (3, 5_000)
    stage.sandbox()
    ours, theirs = stage.valkey(), stage.valkey()
    worker = stage.worker(ours.url)
    costs = {
        lane: _measured(ours, Ours(ours.url, lane, worker), rounds, count)
        for lane in (Lane.BULK, Lane.INTERACTIVE)
    }
    plain = _measured(theirs, PlainCelery(stage, theirs.url), rounds, count // 2)
    with redis.Redis.from_url(ours.url) as client:
        rows = [Row("Redis is", server_of(client))]
    for lane, cost in costs.items():
        most, written = _MOST_CPU[lane], _MOST_WRITTEN.get(lane)
        rows += [
            _row(f"Redis' CPU per {lane.value} command", cost.cpu_us, plain.cpu_us, "µs", most),
            Row(f"of it in scripts, per {lane.value} command", f"{figure(cost.scripts_us)} µs"),
            Row(
                f"{lane.value} commands that a core of Redis carries",
                f"{1e6 / cost.cpu_us:,.0f} /s",
            ),
            _row(
                f"append-only file per {lane.value} command",
                cost.written,
                plain.written,
                "bytes",
                written,
            ),
        ]
    return rows


def _row(what: str, ours: float, plain: float, unit: str, most: float | None) -> Row:
    against = f"{CELERY}: {figure(plain)} {unit}"
    goal = "" if most is None else f"at most {most:g} {unit}"
    reached = None if most is None else ours <= most
    return Row(what, f"{figure(ours)} {unit}", against, f"{ours / plain:.2f}", goal, reached)


def _measured(server: ValkeyServer, contender: Contender, rounds: int, count: int) -> _Cost:
    client: Any = redis.Redis.from_url(server.url)
    pid = int(client.info("server")["process_id"])
    contender.carry_out(count // 5)
    found = []
    for _ in range(rounds):
        client.config_resetstat()
        cpu, written = meter.cpu_s(pid), _written(client)
        contender.carry_out(count)
        found.append(
            _Cost(
                1e6 * (meter.cpu_s(pid) - cpu) / count,
                _in_scripts(client) / count,
                (_written(client) - written) / count,
            )
        )
    client.close()
    return _Cost(*(median(values) for values in zip(*found, strict=True)))


def _in_scripts(client: Any) -> int:
    """Microseconds that scripts have run since the statistics were reset."""
    stats = client.info("commandstats")
    return sum(one["usec"] for name, one in stats.items() if name.startswith("cmdstat_evalsha"))


def _written(client: Any) -> int:
    """Bytes of the append-only file since its last rewrite."""
    return int(client.info("persistence")["aof_current_size"])
