"""What a migration costs: rows a second, memory on both sides, and how soon a run continues."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil  # type: ignore[import-untyped]
import redis

from benchmarks.harness.stage import Stage, wait_until
from benchmarks.harness.table import Row, bounded, compared, figure
from producer.journal import BlockingJournal
from producer.journal.migrations import records as journalled
from producer.migrations.input.columns.columns import map_columns
from producer.migrations.input.input_file import open_input
from producer.migrations.model.conditions import Conditions
from producer.migrations.model.rows import RowState
from producer.migrations.registry import Registry
from producer.migrations.run.setup import Run

_FEW, _MILLION = 10_000, 1_000_000
_REDIS_MB, _START_S = 50.0, 5.0
_SAMPLED_S = 0.05


def run(stage: Stage, quick: bool, _python: Path | None) -> list[Row]:
    """Measure SetDefaultCard rows for customers with two cards: no limit, customers read first."""
    many = 100_000 if quick else _MILLION
    stage.sandbox(auto_create_cards=2)
    url = stage.valkey().url
    worker = stage.worker(url)
    with TemporaryDirectory(prefix="cards-migrating-") as name:
        bench = _Bench(stage, url, Path(name), worker)
        bench.drive(_written(bench.folder, 500, "warm"))
        few = bench.drive(_written(bench.folder, _FEW, "few"))
        # The whole file is checked and its ledger kept; only as many rows as in the small file run.
        large = _written(bench.folder, many, "many")
        piloted = bench.drive(large, "--limit", str(_FEW))
        resumed = bench.resumed(_written(bench.folder, many, "resumed"), many)
        bench.close()
    peak = max(few.redis_mb, piloted.redis_mb)
    against = f"{_FEW:,} rows"
    return [
        Row(f"{_FEW:,} rows run", f"{figure(few.rows_s)} rows/s"),
        compared(
            f"driver's peak memory, {many:,} rows", piloted.driver_mb, against, few.driver_mb,
            unit="MB", at_most=1.2,
        ),
        compared(
            f"driver's peak memory, gone on with at row {many * 9 // 10:,}", resumed.driver_mb,
            against, few.driver_mb, unit="MB", at_most=1.2,
        ),
        bounded("Redis above idle at the peak of a run", peak, unit="MB", at_most=_REDIS_MB),
        bounded(
            f"from a started run to its first send, at row {many * 9 // 10:,}",
            resumed.first_send_s, unit="s", at_most=_START_S,
        ),
    ]  # fmt: skip


class _Figures:
    """Figures of one run. Memory in 10^6 bytes."""

    rows_s = driver_mb = redis_mb = first_send_s = 0.0


class _Bench:
    """A registry, and processes that run migrations."""

    def __init__(
        self, stage: Stage, url: str, folder: Path, worker: subprocess.Popen[bytes]
    ) -> None:
        self._stage, self._url, self.folder, self._worker = stage, url, folder, worker
        self._server: Any = redis.Redis.from_url(url)
        self._journal = BlockingJournal(url)
        self._registry = Registry(self._journal)

    def drive(self, path: Path, *options: str) -> _Figures:
        """Run a migration to its end."""
        made = _Figures()
        idle = self._used()
        process = self._start(path, *options)
        with self._sampling(process, made, idle):
            wait_until(lambda: process.poll() is not None, "the run ends", timeout=3_600)
        if process.returncode not in (0, 4):
            raise RuntimeError(f"the run ended with {process.returncode}")
        status = self._registry.list()[0]
        if status.finished_at is not None:
            took = (status.finished_at - status.created_at).total_seconds()
            made.rows_s = status.rows / took
        return made

    def resumed(self, path: Path, rows: int) -> _Figures:
        """Continue a run of which nine tenths were done, and stop once a row is sent."""
        made = _Figures()
        source = open_input(path)
        run_ = Run(source, map_columns(source), Conditions())
        self._journal(journalled.create(run_.id, path.name, rows, '{"blind": false}', None))
        done = ((number, int(RowState.APPLIED)) for number in range(1, rows * 9 // 10 + 1))
        while part := list(islice(done, 5_000)):
            self._journal(journalled.enter(run_.id, part))
        self._journal(journalled.open_(run_.id, {}))
        started = time.monotonic()
        process = self._start(path)
        with self._sampling(process, made, self._used()):
            wait_until(
                lambda: RowState.SENT in self._registry.status(run_.id).counts,
                "a row is sent",
                process,
            )
            made.first_send_s = time.monotonic() - started
            time.sleep(1.0)
        self._stage.stop(process)
        self._registry.cancel(run_.id)
        return made

    def close(self) -> None:
        """Close the connections."""
        self._journal.close()
        self._server.close()

    def _start(self, path: Path, *options: str) -> subprocess.Popen[bytes]:
        return self._stage.spawn(
            "driver",
            [sys.executable, "-m", "producer.cli", "migrate", "run", str(path), *options],
            {"REDIS_URL": self._url, "CARDS_MIGRATIONS_DIR": str(self.folder)},
        )

    @contextmanager
    def _sampling(
        self, process: subprocess.Popen[bytes], made: _Figures, idle: float
    ) -> Iterator[None]:
        over = threading.Event()

        def sample() -> None:
            while not over.wait(_SAMPLED_S):
                made.redis_mb = max(made.redis_mb, self._used() - idle)
                made.driver_mb = max(made.driver_mb, _resident(process.pid))

        thread = threading.Thread(target=sample)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _used(self) -> float:
        return float(self._server.info("memory")["used_memory"]) / 1e6


def _resident(pid: int) -> float:
    try:
        return float(psutil.Process(pid).memory_info().rss) / 1e6
    except psutil.Error:
        return 0.0


def _written(folder: Path, rows: int, label: str) -> Path:
    path = folder / f"{label}.csv"
    with path.open("w") as file:
        file.write("userId,default_source\n")
        for number in range(rows):
            file.write(f"cus_{label}{number},card_{label}{number}n2\n")
    return path
