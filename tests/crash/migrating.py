"""A migration of a faulty file, run to its end while driver and workers are killed.

`python -m tests.crash.migrating --rows 50000` runs it with a large file.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from producer.migrations.model.rows import RowState
from producer.migrations.registry import Registry
from tests.crash.stage import Stage
from tests.crash.worker_process import PATIENCE_S, ROOT, wait_until

_NUMBER = "4242424242424242"
# Faults repeat every so many rows.
_PERIOD = 20


@dataclass(slots=True)
class Faulty:
    """A file with faults, and how each of its rows must end."""

    path: Path
    expected: dict[int, RowState] = field(default_factory=dict)


def faulty_file(path: Path, rows: int, label: str = "Mig") -> Faulty:
    """Windows line ends, bad ids, repetitions, a card number, Latin-1 bytes, a torn last line."""
    made = Faulty(path)
    lines = ["userId,source,default_source,note"]
    for number in range(1, rows):
        customer, card = f"cus_{label}{number}", f"card_{label}{number}n"
        line, state = f'{customer},,{card}2,"a note, quoted"', RowState.APPLIED
        match number % _PERIOD:
            case 1:
                line = f"{customer},tok_for{label}{number},,"
            case 2:
                line, state = f"kus_{number},,{card}2,", RowState.INVALID
            case 3:
                line, state = f"{customer},,{card}9,", RowState.REJECTED  # no such card
            case 4:
                line, state = f"{customer},,{card}1,", RowState.ALREADY_SO
            case 5:
                line, state = f"{customer}\xe9,,{card}2,", RowState.INVALID
            case 6 if number == 6:
                line, state = f"{customer},,{_NUMBER},", RowState.INVALID
            case 8:
                line, state = lines[number - 1], RowState.ALREADY_SO
        lines.append(line)
        made.expected[number] = state
    lines.append(f"cus_{label}torn,,ca")
    made.expected[rows] = RowState.INVALID
    path.write_bytes("\r\n".join(lines).encode("latin-1"))
    return made


class Drive:
    """`cards migrate run`, in a process that may be killed."""

    def __init__(
        self,
        stage: Stage,
        file: Path,
        *options: str,
        folder: Path | None = None,
        tree: Path = ROOT,
    ) -> None:
        """`folder` holds the data, `tree` the code."""
        self._file, self._options, self._tree = file, options, tree
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("CARDS_")},
            "REDIS_URL": stage.valkey.url,
            "CARDS_MIGRATIONS_DIR": str(folder or stage.directory / "migrations"),
            "CARDS_LANGUAGE": "en",
            "PYTHONPATH": str(tree),
        }
        self._log = (stage.directory / f"{file.name}.log").open("ab")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        argv = self._argv("run", str(self._file), "--json", *self._options)
        self.process = subprocess.Popen(
            argv, cwd=self._tree, env=self._environment, stdout=self._log, stderr=subprocess.STDOUT
        )
        return self.process

    def kill(self) -> None:
        """Send SIGKILL, as if the machine were switched off."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another `cards migrate` command to its end."""
        return subprocess.run(
            self._argv(*arguments),
            cwd=self._tree,
            env=self._environment,
            capture_output=True,
            text=True,
        )

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self._log.close()

    @staticmethod
    def _argv(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "producer.cli", "migrate", *arguments]


def migrate_through_kills(
    stage: Stage, drive: Drive, *, driver_kills: int, worker_kills: int, timeout: float
) -> str:
    """Run to the end, with kills at even distances; returns the migration's id."""
    registry = Registry(stage.journal)
    drive.start()
    wait_until(registry.list, "nothing was created")
    migration = registry.list()[0].id
    wait_until(lambda: registry.find(migration), "it was not opened")

    def ended() -> int:
        return registry.status(migration).ended_rows

    at_start = ended()
    rows = registry.status(migration).rows
    order = ["driver"] * driver_kills
    for place in range(worker_kills, 0, -1):
        order.insert(place * driver_kills // (worker_kills + 1), "worker")
    for place, who in enumerate(order, 1):
        mark = at_start + (rows - at_start) * place // (len(order) + 1)
        wait_until(lambda mark=mark: ended() >= mark, f"stuck before row {mark}", timeout)  # type: ignore[misc]
        if who == "driver":
            drive.kill()
            drive.start()
        else:
            stage.workers[0].kill()
    assert drive.process is not None
    drive.process.wait(timeout)
    return migration


def check(stage: Stage, drive: Drive, faulty: Faulty, migration: str) -> dict[str, Any]:
    """Check the report's rows and sums, one effect a row, and that a second run sends nothing.

    Returns the report's summary.
    """
    out = stage.directory / f"{migration}.csv"
    report = drive.call("report", migration, "--csv", str(out), "--json")
    assert report.returncode == 1, (report.stdout, report.stderr)
    summary: dict[str, Any] = json.loads(report.stdout)
    rows = list(csv.DictReader(out.open(newline="", encoding="utf-8")))
    assert [int(row["number"]) for row in rows] == list(range(1, len(faulty.expected) + 1))
    wrong = [row for row in rows if row["state"] != faulty.expected[int(row["number"])].word]
    assert not wrong, wrong[:5]
    assert sum(summary["counts"].values()) == len(rows)
    assert _NUMBER not in out.read_text("utf-8")
    effects = Counter(
        str(effect["idempotency_key"])[:36]
        for effect in stage.stripe.effects()
        if effect["kind"] in ("default_source.set", "source.created")
    )
    applied = {row["command_id"] for row in rows if row["state"] == "applied"}
    known = {row["command_id"] for row in rows}
    ours = {key: count for key, count in effects.items() if key in known}
    assert set(ours) == applied
    assert set(ours.values()) <= {1}
    before = len(stage.stripe.requests())
    again = drive.start()
    assert again.wait(PATIENCE_S) == 1
    assert len(stage.stripe.requests()) == before
    return summary


def main() -> int:
    """Print the report's summary, and how long the run took."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.migrating", description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--driver-kills", type=int, default=5)
    parser.add_argument("--worker-kills", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Stage(Path(name)) as stage:
        stage.worker("keeper", queues="interactive,bulk", CARDS_WORKER_CONCURRENCY="50").ready()
        faulty = faulty_file(stage.directory / "faulty.csv", options.rows)
        drive = Drive(stage, faulty.path)
        began = time.monotonic()
        try:
            migration = migrate_through_kills(
                stage,
                drive,
                driver_kills=options.driver_kills,
                worker_kills=options.worker_kills,
                timeout=3_600,
            )
            took = time.monotonic() - began
            summary = check(stage, drive, faulty, migration)
        finally:
            drive.close()
    print(json.dumps({"seconds": round(took, 1), **summary}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
