"""What is compared: our worker in both lanes, plain Celery, arq, saq, and no queue at all.

Each is a worker process and a way to give it commands; all get the same sandbox, the same kind of
job, and their own durable Valkey.
"""

from __future__ import annotations

import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import redis
from celery import Celery

from benchmarks.harness import meter
from benchmarks.harness.names import fresh_customer, fresh_name
from benchmarks.harness.peer_venv import has
from benchmarks.harness.stage import LineProcess, Stage, wait_until
from producer.contract import CommandKind, Lane, parse_command
from producer.journal import BlockingJournal, Candidate, accept, accept_many

BATCH = 50
_WINDOW = 500
_PATIENCE_S = 300.0
CELERY = "celery threads"


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of some commands: their number, CPU seconds of the worker, elapsed seconds."""

    commands: int
    cpu_s: float
    took_s: float

    @property
    def cpu_ms(self) -> float:
        """CPU of the worker per command, in milliseconds."""
        return 1000 * self.cpu_s / self.commands

    @property
    def rate(self) -> float:
        """Commands a second."""
        return self.commands / self.took_s


class Contender(ABC):
    """A worker and its queue."""

    name: str
    pid: int

    @abstractmethod
    def offer(self, count: int, rate: float = 0.0) -> None:
        """Queue `count` commands, at once or `rate` a second, then return."""

    @abstractmethod
    def all_ended(self) -> bool:
        """Whether all commands of the last offer have ended."""

    def carry_out(self, count: int, rate: float = 0.0) -> Cost:
        """Offer commands and wait until they have ended."""
        cpu, started = meter.cpu_s(self.pid), time.monotonic()
        self.offer(count, rate)
        wait_until(self.all_ended, f"{self.name}: {count} ended", timeout=_PATIENCE_S)
        return Cost(count, meter.cpu_s(self.pid) - cpu, time.monotonic() - started)


class Results:
    """Checks results by key, with no more requests than needed."""

    def __init__(self, url: str) -> None:
        self._redis: Any = redis.Redis.from_url(url)
        self._awaited: list[str] = []

    def expect(self, keys: Sequence[str]) -> None:
        """Await these results, and no others."""
        self._awaited = list(keys)

    def all_there(self) -> bool:
        """Whether every awaited result exists.

        One is asked for, then more and more while they exist: the measured server answers this too.
        """
        size = 1
        while self._awaited:
            asked = self._awaited[:size]
            size = min(200, 2 * size)
            with self._redis.pipeline(transaction=False) as pipe:
                for key in asked:
                    pipe.exists(key)
                there = pipe.execute()
            left = [key for key, found in zip(asked, there, strict=True) if not found]
            self._awaited[: len(asked)] = left
            if left:
                return False
        return True


class Ours(Contender):
    """Our worker. Bulk commands come `batch` a message, others one a message."""

    def __init__(
        self, url: str, lane: Lane, worker: subprocess.Popen[bytes], batch: int = BATCH
    ) -> None:
        self.name = f"ours, {lane.value}"
        self.pid = worker.pid
        self._lane = lane
        self._batch = batch if lane is Lane.BULK else 1
        self._journal = BlockingJournal(url)
        self._results = Results(url)

    def offer(self, count: int, rate: float = 0.0) -> None:
        candidates = [_candidate() for _ in range(count)]
        self._results.expect([f"celery-task-meta-{one.id}" for one in candidates])
        one_by_one = bool(rate) and self._lane is Lane.INTERACTIVE
        step = 1 if one_by_one else BATCH if rate else _WINDOW
        due, waiting = time.monotonic(), iter(candidates)
        while chunk := list(islice(waiting, step)):
            if self._batch > 1:
                for batch in _chunks(chunk, self._batch):
                    self._journal(accept_many(batch))
            else:
                self._journal.many(
                    [accept(one.command, command_id=one.id, lane=self._lane) for one in chunk]
                )
            due = _paced(due, len(chunk), rate)

    def all_ended(self) -> bool:
        return self._results.all_there()


class PlainCelery(Contender):
    """Celery with its defaults, 50 threads, the bare job, its results in Redis."""

    name = CELERY

    def __init__(self, stage: Stage, url: str) -> None:
        self.app = Celery(broker=url, backend=url, set_as_current=False)
        self._results = Results(url)
        command = ["celery", "-A", "benchmarks.peers.celery_worker", "worker", "-P", "threads"]
        process = stage.spawn(
            "celery",
            [sys.executable, "-m", *command, "-c", "50"],
            {"REDIS_URL": url, "STRIPE_API_BASE": stage.sandbox_url},
        )
        self.pid = process.pid

    def offer(self, count: int, rate: float = 0.0) -> None:
        ids = [str(uuid4()) for _ in range(count)]
        self._results.expect([f"celery-task-meta-{one}" for one in ids])
        due = time.monotonic()
        for one in ids:
            fields = {"customer": fresh_customer(), "source": "tok_visa"}
            self.app.send_task("assign", kwargs=fields, task_id=one)
            due = _paced(due, 1, rate)

    def delay_and_get(self, name: str) -> None:
        """Send one command and wait for its answer."""
        fields = {"customer": f"cus_{name}", "source": "tok_visa"}
        self.app.send_task("assign", kwargs=fields).get(timeout=_PATIENCE_S)

    def all_ended(self) -> bool:
        return self._results.all_there()


class Peer(Contender):
    """Another queue in its own environment, with a helper there that fills it."""

    def __init__(self, stage: Stage, url: str, python: Path, name: str) -> None:
        self.name = name
        self._results = Results(url)
        self._redis: Any = redis.Redis.from_url(url)
        command = {
            "arq": ["-m", "benchmarks.peers.arq_worker"],
            "saq": ["-m", "saq", "benchmarks.peers.saq_worker.settings"],
        }[name]
        settings = {"REDIS_URL": url, "STRIPE_API_BASE": stage.sandbox_url}
        self.pid = stage.spawn(name, [str(python), *command], settings).pid
        feeder = [str(python), "-m", "benchmarks.peers.feeder", name]
        self._feeder = LineProcess(stage.spawn("feeder", feeder, settings, pipes=True))

    def offer(self, count: int, rate: float = 0.0) -> None:
        prefix = fresh_name()
        if self.name == "arq":
            self._results.expect([f"arq:result:{prefix}x{number}" for number in range(count)])
        self._feeder.ask(prefix, count, rate)

    def all_ended(self) -> bool:
        if self.name == "arq":
            return self._results.all_there()
        return bool(self._redis.zcard("saq:default:incomplete") == 0)


class Floor(Contender):
    """Only the SDK's calls."""

    name = "no queue"

    def __init__(self, stage: Stage) -> None:
        command = [sys.executable, "-m", "benchmarks.peers.floor"]
        settings = {"STRIPE_API_BASE": stage.sandbox_url}
        self._calls = LineProcess(stage.spawn("floor", command, settings, pipes=True))
        self.pid = self._calls.process.pid

    def offer(self, count: int, rate: float = 0.0) -> None:
        self._calls.ask(fresh_name(), count)

    def all_ended(self) -> bool:
        return True


def ours(stage: Stage, lanes: Sequence[Lane] = (Lane.BULK, Lane.INTERACTIVE)) -> list[Ours]:
    """Our worker, one process, as a contender for each lane."""
    url = stage.valkey().url
    worker = stage.worker(url)
    return [Ours(url, lane, worker) for lane in lanes]


def peers(stage: Stage, python: Path | None, names: Sequence[str]) -> dict[str, Peer]:
    """The installed ones of the peers."""
    if python is None:
        return {}
    usable = [name for name in names if has(python, name)]
    return {name: Peer(stage, stage.valkey().url, python, name) for name in usable}


def _candidate() -> Candidate:
    fields = {"userId": fresh_customer(), "source": "tok_visa"}
    return Candidate(str(uuid4()), parse_command(CommandKind.ASSIGN_CARD, fields))


def _chunks(items: Sequence[Candidate], size: int) -> Iterator[Sequence[Candidate]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _paced(due: float, count: int, rate: float) -> float:
    """Wait until `count` more commands are due; return when the next ones are due."""
    if not rate:
        return due
    due += count / rate
    time.sleep(max(0.0, due - time.monotonic()))
    return due
