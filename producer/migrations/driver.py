"""Drives a migration: sends rows in bounded windows, and records what has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from producer.migrations.registry import Registry
from producer.migrations.results import Results
from producer.migrations.rows import BadRow, Row
from producer.migrations.status import MigrationStatus


class Ended(StrEnum):
    """Why a driver returned."""

    FINISHED = "finished"  # every row has ended
    CANCELLED = "cancelled"
    STOPPED = "stopped"  # by --stop-after-failures
    LIMIT = "limit"  # the pilot's rows have ended
    TOLD = "told"  # `stop` was called; run it again to go on
    TAKEN_OVER = "taken_over"  # another driver has the migration


@dataclass(frozen=True, slots=True)
class Options:
    """How to drive. `limit` bounds the rows sent by this driver."""

    limit: int | None = None
    stop_after: int | None = None  # rejected and failed rows since the start or `resume`
    stop_after_percent: float | None = None  # the same, of the rows that ended since
    blind: bool = False  # without a look at the customer before


@dataclass(frozen=True, slots=True)
class Progress:
    """What a driver tells of itself, about once a second."""

    status: MigrationStatus
    sent: int  # rows this driver has sent
    in_flight: int
    window: int
    limiter: float | None = None  # how much of the rate limit is used, 0 to 1
    oldest_interactive_s: float | None = None  # how long the oldest waiting one has waited


class Driver:
    """One run of one migration. `run` blocks; `stop` may be called by any thread or signal."""

    def __init__(
        self,
        registry: Registry,
        migration: str,
        rows: Callable[[int], Iterator[Row | BadRow]] | None,
        results: Results,
        options: Options = Options(),
        *,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> None:
        """`rows` answers the rows from a number on; None sends nothing and only finishes."""
        raise NotImplementedError

    def run(self) -> Ended:
        """Drive until the end, or `stop`. While Redis is away, waits and goes on.

        Raises:
            UnknownMigration: it was never created.
        """
        raise NotImplementedError

    def stop(self) -> None:
        """Have `run` return soon: nothing more is sent, what has ended is recorded."""
        raise NotImplementedError
