"""A migration's recorded rows and its plan, readable from any machine.

The scripts that settle rows (`records.py`) write the frames of recorded rows, so that no command
leaves the journal without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from producer.journal.redis import keys
from producer.journal.redis.calls import Call

RECORDED_KEPT_MS = 90 * 86_400_000


@dataclass(frozen=True, slots=True)
class Kept:
    """How many frames of recorded rows there ever were, and how many of them are left (`there`).

    `created` is when the migration was created (ms); "" if there is none.
    """

    created: str
    frames: int
    there: int


def kept(migration: str) -> Call[Kept]:
    """The frames kept of a migration's recorded rows."""

    def parse(answers: Any) -> Kept:
        (created, frames), there = answers
        return Kept(created or "", int(frames or 0), int(there))

    key = keys.migration(migration)
    reads: list[tuple[str | int, ...]] = [("HMGET", key, "created", "frames")]
    return Call(parse, commands=[*reads, ("LLEN", keys.recorded(migration))])


def frames(migration: str, first: int, last: int) -> Call[list[bytes]]:
    """The frames from `first` to `last` (from 0) that are still there."""

    def parse(answers: Any) -> list[bytes]:
        # Connections decode with surrogateescape, so bytes that are not UTF-8 survive unchanged.
        return [frame.encode("utf-8", "surrogateescape") for frame in answers[0]]

    return Call(parse, commands=[("LRANGE", keys.recorded(migration), first, last)])


def keep_plan(migration: str, plan: str) -> Call[None]:
    """Store the plan made of the file, as JSON, until the migration is forgotten."""
    return Call(lambda _: None, commands=[("SET", keys.plan(migration), plan)], durable=True)


def kept_plan(migration: str) -> Call[str | None]:
    """The plan made of the file, as JSON; None if it was not stored."""
    return Call(lambda answers: answers[0], commands=[("GET", keys.plan(migration))])
