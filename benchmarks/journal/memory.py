"""Redis's memory per command: queued, and ended but still known."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import redis
from celery import Celery

from benchmarks.harness.contenders import BATCH, Results
from benchmarks.harness.names import fresh_name
from benchmarks.harness.stage import Stage, wait_until
from benchmarks.harness.table import Row, bounded, figure
from producer.contract import CommandKind, Envelope, Lane, parse_command
from producer.journal import BlockingJournal, Candidate, accept, accept_many

_QUEUED = 900
_ENDED = {
    (Lane.BULK, CommandKind.ASSIGN_CARD): 500,
    (Lane.BULK, CommandKind.SET_DEFAULT_CARD): 700,
}
_ENDED_OTHERS = 3_500


def run(stage: Stage, quick: bool, _python: Path | None) -> list[Row]:
    """Have a real worker end real commands, for customers with two cards."""
    count = 200 if quick else 2_000
    stage.sandbox(auto_create_cards=2)
    url = stage.valkey().url
    worker = stage.worker(url)
    server: Any = redis.Redis.from_url(url)
    journal, results = BlockingJournal(url), Results(url)
    rows = []
    for warm_up in (True, False):
        for lane in Lane:
            for kind in CommandKind:
                # Paused, so that the queue keeps its messages.
                worker.send_signal(signal.SIGSTOP)
                before = _used(server)
                candidates = _candidates(kind, BATCH if warm_up else count)
                _accept(journal, candidates, lane)
                queued = (_used(server) - before) / len(candidates)
                results.expect([f"celery-task-meta-{one.id}" for one in candidates])
                worker.send_signal(signal.SIGCONT)
                wait_until(results.all_there, "the commands have ended", worker, timeout=300)
                ended = (_used(server) - before) / len(candidates)
                if warm_up:
                    continue
                what = f"Redis, bytes per {lane.value} {kind.value}"
                rows += [
                    bounded(f"{what}, queued", queued, unit="bytes", at_most=_QUEUED),
                    bounded(
                        f"{what}, ended",
                        ended,
                        unit="bytes",
                        at_most=_ENDED.get((lane, kind), _ENDED_OTHERS),
                    ),
                ]
    journal.close()
    rows.append(
        Row("Redis, bytes of a result alone, as plain Celery stores it", _plain(stage, count))
    )
    return rows


def _plain(stage: Stage, count: int) -> str:
    """What every queue with results needs: AssignCard's envelope, by Celery's own backend."""
    url = stage.valkey().url
    server: Any = redis.Redis.from_url(url)
    app = Celery(broker=url, backend=url, set_as_current=False)
    data = {"cardId": f"card_{fresh_name()}0123456789", "brand": "Visa", "last4": "4242"}
    envelope = Envelope.yes("Card added", data).model_dump()
    app.backend.store_result(str(uuid4()), envelope, "SUCCESS")
    before = _used(server)
    for _ in range(count):
        app.backend.store_result(str(uuid4()), envelope, "SUCCESS")
    return f"{figure((_used(server) - before) / count)} bytes"


def _candidates(kind: CommandKind, count: int) -> list[Candidate]:
    made = []
    for _ in range(count):
        body = fresh_name()
        named = (
            {"source": "tok_visa"}
            if kind is CommandKind.ASSIGN_CARD
            else {"default_source": f"card_{body}n1"}
        )
        made.append(
            Candidate(str(uuid4()), parse_command(kind, {"userId": f"cus_{body}", **named}))
        )
    return made


def _accept(journal: BlockingJournal, candidates: Sequence[Candidate], lane: Lane) -> None:
    if lane is Lane.INTERACTIVE:
        journal.many([accept(one.command, command_id=one.id, lane=lane) for one in candidates])
        return
    for start in range(0, len(candidates), BATCH):
        journal(accept_many(candidates[start : start + BATCH]))


def _used(server: Any) -> int:
    """Bytes in use, without those about to be written to the append-only file."""
    found = server.info("memory")
    return int(found["used_memory"]) - int(found.get("mem_aof_buffer", 0))
