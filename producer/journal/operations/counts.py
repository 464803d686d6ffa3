"""Counts for monitoring, kept in Redis: by the scripts with each change, by workers each second.

A script's counts are written with the change they count, so that accepted plus replayed commands
always equal ended plus open ones. Workers report what they measure (Stripe's answers, waits) up to
a second later; a killed worker loses its last second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from producer.contract import CommandKind, Lane, State
from producer.journal.operations.health import Stop, stop_of
from producer.journal.operations.pauses import Pause, pauses_of
from producer.journal.redis.buckets import END_S
from producer.journal.redis.calls import Call, pairs_to_dict
from producer.journal.redis.queues import lane_of, queues_of


@dataclass(frozen=True, slots=True)
class Ended:
    """The end by which ended commands are counted."""

    kind: CommandKind
    lane: Lane
    state: State
    code: str


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of one moment. Times are in seconds."""

    at: float
    accepted: Mapping[tuple[CommandKind, Lane], int]
    replayed: Mapping[tuple[CommandKind, Lane], int]
    ended: Mapping[Ended, int]
    end_times: Mapping[tuple[CommandKind, Lane], list[int]]
    """How many ended within each bound of `buckets.END_S`, and how many later."""
    retried: Mapping[tuple[CommandKind, Lane, str], int]
    taken_over: Mapping[tuple[CommandKind, Lane], int]
    measured: Mapping[tuple[str, ...], float]
    """The workers' counts, by the words of their names."""
    messages: Mapping[Lane, int]
    unclaimed: Mapping[Lane, int]
    oldest_s: Mapping[Lane, float]
    """The age of the oldest command that no worker has received; 0 where there is none."""
    failed: int
    unsettled: int
    """Open commands that were retried; `unknown` of the oldest 1,000 are uncertain."""
    unknown: int
    oldest_unsettled_s: float
    at_work: int
    """Customers with a running command, among the first 2,000 that are due after now."""
    workers: int
    paused: Mapping[Lane, Pause] = field(default_factory=dict)
    stop: Stop | None = None

    def open(self, kind: CommandKind, lane: Lane) -> int:
        """How many commands were accepted, or replayed, and have not ended."""
        opened = self.accepted.get((kind, lane), 0) + self.replayed.get((kind, lane), 0)
        return opened - sum(
            count for end, count in self.ended.items() if (end.kind, end.lane) == (kind, lane)
        )

    def open_in(self, lane: Lane) -> int:
        """The same for all kinds together."""
        return max(0, sum(self.open(kind, lane) for kind in CommandKind))


def figures(*, seen_within_s: float = 30.0) -> Call[Figures]:
    """All figures of one moment. Counts workers that were seen in the last `seen_within_s`."""
    queues = [queue for lane in Lane for queue in queues_of(lane)]
    return Call(
        lambda answer: _figures(queues, *answer), "figures", [int(seen_within_s * 1000), *queues]
    )


def count(deltas: Mapping[str, float]) -> Call[int]:
    """Add a worker's counts. A repeated call counts twice, which monitoring tolerates."""
    args: list[str | int] = []
    for name, by in deltas.items():
        args += [name, int(by)]
    return Call(int, "count", args)


def _figures(
    queues: list[str],
    now: str,
    counts: Any,
    messages: list[int],
    unclaimed: list[int],
    oldest: list[str],
    failed: int,
    retried: list[Any],
    at_work: int,
    workers: int,
    paused: Any,
    stop: Any,
) -> Figures:
    parsed = _Counts()
    for name, value in pairs_to_dict(counts).items():
        parsed.add(name.split(" "), value)
    unsettled, unknown, oldest_unsettled = retried
    return Figures(
        at=int(now) / 1000,
        accepted=parsed.accepted,
        replayed=parsed.replayed,
        ended=parsed.ended,
        end_times=parsed.end_times,
        retried=parsed.retried,
        taken_over=parsed.taken_over,
        measured=parsed.measured,
        messages=_by_lane(queues, messages),
        unclaimed=_by_lane(queues, unclaimed),
        oldest_s=_oldest(queues, oldest),
        failed=failed,
        unsettled=unsettled,
        unknown=unknown,
        oldest_unsettled_s=int(oldest_unsettled or 0) / 1000,
        at_work=at_work,
        workers=workers,
        paused=pauses_of(pairs_to_dict(paused)),
        stop=stop_of(pairs_to_dict(stop)),
    )


class _Counts:
    """The fields of the hash, sorted by their first word; unknown and damaged ones are skipped."""

    def __init__(self) -> None:
        self.accepted: dict[tuple[CommandKind, Lane], int] = {}
        self.replayed: dict[tuple[CommandKind, Lane], int] = {}
        self.taken_over: dict[tuple[CommandKind, Lane], int] = {}
        self.retried: dict[tuple[CommandKind, Lane, str], int] = {}
        self.ended: dict[Ended, int] = {}
        self.end_times: dict[tuple[CommandKind, Lane], list[int]] = {}
        self.measured: dict[tuple[str, ...], float] = {}

    def add(self, words: list[str], value: str) -> None:
        """Add one field of the hash."""
        try:
            number = int(value)
            match words:
                case [("accepted" | "replayed" | "taken_over") as name, kind, lane]:
                    getattr(self, name)[CommandKind(kind), Lane(lane)] = number
                case ["retried", kind, lane, code]:
                    self.retried[CommandKind(kind), Lane(lane), code] = number
                case ["ended", kind, lane, state, code, bucket]:
                    end = Ended(CommandKind(kind), Lane(lane), State(state), code)
                    times = self.end_times.setdefault((end.kind, end.lane), [0] * (len(END_S) + 1))
                    times[int(bucket) - 1] += number
                    self.ended[end] = self.ended.get(end, 0) + number
                case ["worker", *rest]:
                    self.measured[tuple(rest)] = number
        except (ValueError, IndexError):
            return


def _by_lane(queues: list[str], counts: list[int]) -> dict[Lane, int]:
    found = dict.fromkeys(Lane, 0)
    for queue, number in zip(queues, counts, strict=True):
        found[lane_of(queue)] += number
    return found


def _oldest(queues: list[str], ages: list[str]) -> dict[Lane, float]:
    found = dict.fromkeys(Lane, 0.0)
    for queue, age in zip(queues, ages, strict=True):
        lane = lane_of(queue)
        found[lane] = max(found[lane], int(age or 0) / 1000)
    return found
