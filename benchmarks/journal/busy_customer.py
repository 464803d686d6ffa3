"""One customer with many commands: they run one after another, however long the queue is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import redis

from benchmarks.harness.contenders import BATCH
from benchmarks.harness.names import fresh_customer
from benchmarks.harness.stage import Stage, wait_until
from benchmarks.harness.table import Row, bounded, figure
from producer.contract import CommandKind, parse_command
from producer.journal import BlockingJournal, Candidate, accept_many
from producer.journal.redis import keys

_LINE, _QUICK = 20_000, 5_000
_WINDOWS, _WINDOW_S = 5, 3.0


def run(stage: Stage, quick: bool, _python: Path | None) -> list[Row]:
    """Measure a real worker, with Stripe without latency, once all messages were received."""
    line = _QUICK if quick else _LINE
    stage.sandbox()
    url, customer = stage.valkey().url, fresh_customer()
    server: Any = redis.Redis.from_url(url)
    _accept(url, customer, line)
    worker = stage.worker(url)
    wait_until(lambda: not server.zcard(keys.queued("bulk")), "all are received", worker)
    rates, scripts = [], []
    for _ in range(_WINDOWS):
        server.config_resetstat()
        started, before = time.monotonic(), server.zcard(keys.pending(customer))
        time.sleep(_WINDOW_S)
        ended = before - server.zcard(keys.pending(customer))
        rates.append(ended / (time.monotonic() - started))
        calls = server.info("commandstats")["cmdstat_evalsha"]
        scripts.append(float(calls["usec"]) / calls["calls"])
        if server.zcard(keys.pending(customer)) < 2 * ended:
            break  # the next window would see the end of the queue
    server.close()
    # The best window: other load on the machine can only make a window worse.
    rate, script = max(rates), min(scripts)
    what = f"one customer with {line:,} commands"
    return [
        Row(what, f"{figure(rate)} /s", "", "", "at least 300 /s", rate >= 300),
        bounded(f"{what}, Redis' time for a script", script, unit="µs", at_most=250),
    ]


def _accept(url: str, customer: str, count: int) -> None:
    fields = {"userId": customer, "source": "tok_visa"}
    command = parse_command(CommandKind.ASSIGN_CARD, fields)
    journal = BlockingJournal(url)
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        journal(accept_many([Candidate(str(uuid4()), command) for _ in range(size)]))
    journal.close()
