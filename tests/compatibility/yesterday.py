"""What a release left, on a stage of the present code."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import redis

from tests.compatibility.records import restore
from tests.crash.stage import Stage

ENDED = {"succeeded", "assigned", "rejected", "failed", "keyed", "cancelled"}
"""The scene's commands that had ended; the others were running or waiting."""


class Yesterday:
    """A release's database, its migration's files, and its commands by purpose."""

    def __init__(self, stage: Stage, golden: Path) -> None:
        recorded: dict[str, Any] = json.loads(golden.read_text("utf-8"))
        self.stage = stage
        self.commands: dict[str, str] = recorded["commands"]
        self.statuses: dict[str, dict[str, Any]] = recorded["statuses"]
        self.failed: list[str] = recorded["failed"]
        self.http: dict[str, Any] = recorded["http"]
        self.migration: dict[str, Any] = recorded["migration"]
        with redis.Redis.from_url(stage.valkey.url) as client:
            restore(recorded["redis"], client)
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
