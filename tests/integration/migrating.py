"""Migrations of a test: files of new customers, `cards migrate`, and drivers in threads."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from producer.migrations.input.columns.columns import map_columns
from producer.migrations.input.input_file import open_input
from producer.migrations.model.conditions import Conditions
from producer.migrations.registry import Registry
from producer.migrations.results.results_file import Results
from producer.migrations.run.driver import Driver, Ended
from producer.migrations.run.setup import Run
from tests.crash.migrating import Drive
from tests.crash.stage import Stage


class Migrations:
    """Files, processes and the registry of one test."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage, self.folder = stage, folder
        self.registry = Registry(stage.journal)
        self._drives: list[Drive] = []

    def file(self, *rows: str, header: str = "userId,default_source") -> Path:
        path = self.folder / "in.csv"
        path.write_text("\n".join([header, *rows, ""]), "utf-8")
        return path

    def customers(self, count: int, number: int = 2) -> tuple[list[str], Path]:
        """New customers, and a file that makes the card with that number their default."""
        names = [self.stage.customer("Run") for _ in range(count)]
        return names, self.file(*(f"{one},{self.stage.card(one, number)}" for one in names))

    def drive(self, path: Path, *options: str) -> Drive:
        made = Drive(self.stage, path, *options, folder=self.folder)
        self._drives.append(made)
        return made

    def run(self, path: Path, *options: str) -> tuple[int, dict[str, Any]]:
        """Run a file until the command ends; return its exit code and last line."""
        answer = self.drive(path).call("run", str(path), "--json", *options)
        assert answer.stdout, answer.stderr
        last: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
        return answer.returncode, last

    def entered(self, path: Path) -> Run:
        """Enter a file as a migration, without driving it."""
        source = open_input(path)
        run = Run(source, map_columns(source), Conditions())
        run.enter(self.registry)
        return run

    def results(self, run: Run) -> Results:
        return Results.of(self.folder, run.id)

    def close(self) -> None:
        for one in self._drives:
            one.close()
        self.stage.stripe.clear_faults()


class Driving:
    """A driver in a thread of this process."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.ended: Ended | None = None
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.ended = self.driver.run()
        except Exception as error:
            self.error = error

    def wait(self) -> Ended | None:
        self._thread.join(45)
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error
        return self.ended
