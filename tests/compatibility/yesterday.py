"""What a release left, put on a stage of today's."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import redis

from tests.compatibility.records import restore
from tests.crash.stage import Stage

ENDED = {"succeeded", "assigned", "rejected", "failed", "keyed", "cancelled"}
"""The scene's commands that had ended; the others were under way, or waited."""


class Yesterday:
    """A release's database, its migration's files, and the commands by what they are there for."""

    def __init__(self, stage: Stage, golden: Path) -> None:
        told: dict[str, Any] = json.loads(golden.read_text("utf-8"))
        self.stage = stage
        self.commands: dict[str, str] = told["commands"]
        self.statuses: dict[str, dict[str, Any]] = told["statuses"]
        self.failed: list[str] = told["failed"]
        self.http: dict[str, Any] = told["http"]
        self.migration: dict[str, Any] = told["migration"]
        with redis.Redis.from_url(stage.valkey.url) as client:
            restore(told["redis"], client)
        self.folder = stage.directory / "migrations"
        self.folder.mkdir(mode=0o700)
        with sqlite3.connect(self.folder / f"{self.migration['id']}.sqlite") as db:
            db.executescript("\n".join(self.migration["results"]))
        self.input = stage.directory / "rows.csv"
        self.input.write_text(self.migration["input"], "utf-8")

    @property
    def open(self) -> dict[str, str]:
        """The commands that had not ended."""
        return {name: one for name, one in self.commands.items() if name not in ENDED}
