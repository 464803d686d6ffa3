"""Accepting commands durably, with journal row and message, against Celery's message alone."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from uuid import uuid4

from celery import Celery

from benchmarks.harness.contenders import BATCH
from benchmarks.harness.names import fresh_customer
from benchmarks.harness.stage import Stage
from benchmarks.harness.table import Row, compared
from producer import CardCommands
from producer.contract import AssignCard, CommandKind, SetDefaultCard, parse_command
from producer.journal import BlockingJournal, Candidate, accept_many


def run(stage: Stage, quick: bool, _python: Path | None) -> list[Row]:
    """Measure without a worker: only the sender and Redis count."""
    rounds, few, many = (3, 200, 3_000) if quick else (5, 1_500, 20_000)
    url, celery_url = stage.valkey().url, stage.valkey().url
    client, journal = CardCommands(url), BlockingJournal(url)
    app = Celery(broker=celery_url, backend=celery_url, set_as_current=False)

    def one_by_one(orders: list[Order]) -> None:
        for order in orders:
            client.send(order)

    def send_many(orders: list[Order]) -> None:
        for _ in client.send_many(orders):
            pass

    def batches(orders: list[Order]) -> None:
        for start in range(0, len(orders), BATCH):
            part = orders[start : start + BATCH]
            journal(accept_many([Candidate(str(uuid4()), order) for order in part]))

    def celery(orders: list[Order]) -> None:
        for order in orders:
            app.send_task("AssignCard", kwargs=order.kwargs())

    ways: list[tuple[str, Callable[[list[Order]], None], int]] = [
        ("one", one_by_one, few),
        ("many", send_many, many),
        ("batches", batches, many),
        ("celery", celery, few),
    ]
    for _, way, _ in ways:
        way(_orders(100))
    rates: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, way, count in ways:
            orders = _orders(count)
            started = time.perf_counter()
            way(orders)
            rates[name].append(count / (time.perf_counter() - started))
    client.close()
    journal.close()
    best = {name: median(found) for name, found in rates.items()}
    peer, against = "send_task in a loop", best["celery"]
    return [
        compared("acceptance, one by one", best["one"], peer, against, unit="/s", at_least=1.2),
        compared("acceptance, send_many", best["many"], peer, against, unit="/s", at_least=15),
        compared(f"acceptance, {BATCH} a message", best["batches"], peer, against, unit="/s"),
    ]


Order = AssignCard | SetDefaultCard


def _orders(count: int) -> list[Order]:
    return [
        parse_command(CommandKind.ASSIGN_CARD, {"userId": fresh_customer(), "source": "tok_x"})
        for _ in range(count)
    ]
