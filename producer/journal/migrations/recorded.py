"""What is recorded of a migration's rows and plan, for whoever asks on whatever machine.

Frames of recorded rows are written by the scripts that settle rows (`migrations.py`), so that none
is taken out of the journal without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from producer.journal.redis import keys
from producer.journal.redis.calls import Call

RECORDED_KEPT_MS = 90 * 86_400_000


@dataclass(frozen=True, slots=True)
class Kept:
    """How many frames of recorded rows there ever were, and how many of them are there still.

    `created` is when the migration was entered (ms); "" where there is none.
    """

    created: str
    frames: int
    there: int


def kept(migration: str) -> Call[Kept]:
    """What is kept of a migration's recorded rows."""

    def parse(answers: Any) -> Kept:
        (created, frames), there = answers
        return Kept(created or "", int(frames or 0), int(there))

    key = keys.migration(migration)
    reads: list[tuple[str | int, ...]] = [("HMGET", key, "created", "frames")]
    return Call(parse, commands=[*reads, ("LLEN", keys.recorded(migration))])


def frames(migration: str, first: int, last: int) -> Call[list[bytes]]:
    """Those of the frames that are there, by their places from 0."""

    def parse(answers: Any) -> list[bytes]:
        # As connections read them: bytes that are not UTF-8 come through unchanged.
        return [one.encode("utf-8", "surrogateescape") for one in answers[0]]

    return Call(parse, commands=[("LRANGE", keys.recorded(migration), first, last)])


def keep_plan(migration: str, told: str) -> Call[None]:
    """Keep what the file came to, as JSON, for as long as the migration is known."""
    return Call(lambda _: None, commands=[("SET", keys.plan(migration), told)], durable=True)


def kept_plan(migration: str) -> Call[str | None]:
    """What the file came to, as JSON; None where that was not kept."""
    return Call(lambda answers: answers[0], commands=[("GET", keys.plan(migration))])
