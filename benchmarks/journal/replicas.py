"""The cost of having an acceptance confirmed by replicas, against one that is not."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median
from uuid import uuid4

import redis

from benchmarks.harness.names import fresh_customer
from benchmarks.harness.stage import Stage
from benchmarks.harness.table import Row, compared
from local.servers.valkey import ValkeyServer
from producer.contract import CommandKind, parse_command
from producer.journal import Acceptance, BlockingJournal, Call, Journal, accept
from producer.redis import RedisConfig

_REPLICAS = 2
_AT_ONCE = 50
_PLAIN = "not confirmed"


def run(_stage: Stage, quick: bool, _python: Path | None) -> list[Row]:
    """Measure a primary and two replicas, all durable; the kinds of confirmation take turns."""
    rounds, count = (3, 100) if quick else (7, 300)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        url = _replicated(Path(folder), servers)
        plain = RedisConfig.of(url)
        ways = {
            _PLAIN: plain,
            "1 replica (WAIT)": replace(plain, replicas=1),
            "2 replicas (WAIT)": replace(plain, replicas=2),
            "1 replica's disk (WAITAOF)": replace(plain, replicas=1, replicas_fsync=True),
        }
        each: dict[str, list[float]] = defaultdict(list)
        rates: dict[str, list[float]] = defaultdict(list)
        for _ in range(rounds):
            for name, config in ways.items():
                each[name].append(_one_by_one(config, count))
                rates[name].append(asyncio.run(_together(config, 10 * count)))
    rows = []
    for name in list(ways)[1:]:
        what = f"acceptance, confirmed by {name}"
        figures = median(each[name]), _PLAIN, median(each[_PLAIN])
        rows.append(compared(f"{what}, one by one", *figures, unit="ms"))
        figures = median(rates[name]), _PLAIN, median(rates[_PLAIN])
        rows.append(compared(f"{what}, {_AT_ONCE} at once", *figures, unit="/s"))
    return rows


def _replicated(folder: Path, servers: ExitStack) -> str:
    first = servers.enter_context(ValkeyServer(folder / "primary"))
    for number in range(_REPLICAS):
        config = {"replicaof": f"127.0.0.1 {first.port}", "repl-diskless-sync-delay": "0"}
        servers.enter_context(ValkeyServer(folder / f"replica{number}", config=config))
    with redis.Redis.from_url(first.url) as client:
        client.set("in step", 1)
        while client.execute_command("WAITAOF", 1, _REPLICAS, 1000)[1] < _REPLICAS:
            client.set("in step", 1)
    return first.url


def _one_by_one(config: RedisConfig, count: int) -> float:
    """The median time of an acceptance, in ms."""
    journal, took = BlockingJournal(config), []
    for call in _calls(count):
        started = time.perf_counter()
        journal(call)
        took.append(1e3 * (time.perf_counter() - started))
    journal.close()
    return median(took)


async def _together(config: RedisConfig, count: int) -> float:
    """Acceptances a second by many callers in one process."""
    journal, calls = Journal(config), iter(_calls(count))

    async def caller() -> None:
        for call in calls:
            await journal(call)

    await journal.ping()
    started = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(_AT_ONCE)))
    rate = count / (time.perf_counter() - started)
    await journal.aclose()
    return rate


def _calls(count: int) -> list[Call[Acceptance]]:
    return [
        accept(
            parse_command(
                CommandKind.ASSIGN_CARD, {"userId": fresh_customer(), "source": "tok_visa"}
            ),
            command_id=str(uuid4()),
        )
        for _ in range(count)
    ]
