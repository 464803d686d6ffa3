"""What happened, counted in Redis: by the scripts with each change, and by workers each second.

A count that a script makes is written with what it counts, so that accepted and replayed commands
are always those that ended and those that are open. What workers measure (Stripe's answers, waits)
comes in a moment later, and a killed worker's last second of it is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from producer.contract import CommandKind, Lane, State
from producer.journal.operations.operations import Stop, stop_of
from producer.journal.operations.pauses import Pause, pauses_of
from producer.journal.redis.buckets import END_S
from producer.journal.redis.calls import Call, pairs_to_dict
from producer.journal.redis.queues import lane_of, queues_of


@dataclass(frozen=True, slots=True)
class Ended:
    """What a number of commands came to."""

    kind: CommandKind
    lane: Lane
    state: State
    code: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What there is to see at one moment. Times are in seconds."""

    at: float
    accepted: Mapping[tuple[CommandKind, Lane], int]
    replayed: Mapping[tuple[CommandKind, Lane], int]
    ended: Mapping[Ended, int]
    end_times: Mapping[tuple[CommandKind, Lane], list[int]]
    """How many ended within each of `buckets.END_S`, and how many later."""
    retried: Mapping[tuple[CommandKind, Lane, str], int]
    taken_over: Mapping[tuple[CommandKind, Lane], int]
    measured: Mapping[tuple[str, ...], float]
    """What workers counted, by the words they counted it under."""
    messages: Mapping[Lane, int]
    not_taken: Mapping[Lane, int]
    oldest_s: Mapping[Lane, float]
    """The age of the oldest command that no worker has received; 0 where there is none."""
    failed: int
    unsettled: int
    """Unended commands that were tried, of which `unknown` (of the oldest 1,000) are uncertain."""
    unknown: int
    oldest_unsettled_s: float
    at_work: int
    """Customers worked on, of the 2,000 that are due first after now."""
    workers: int
    paused: Mapping[Lane, Pause] = field(default_factory=dict)
    stop: Stop | None = None

    def open(self, kind: CommandKind, lane: Lane) -> int:
        """How many commands were accepted, or replayed, and have not ended."""
        begun = self.accepted.get((kind, lane), 0) + self.replayed.get((kind, lane), 0)
        return begun - sum(
            count for one, count in self.ended.items() if (one.kind, one.lane) == (kind, lane)
        )

    def open_in(self, lane: Lane) -> int:
        """The same, of all kinds."""
        return max(0, sum(self.open(kind, lane) for kind in CommandKind))


def figures(*, seen_within_s: float = 30.0) -> Call[Figures]:
    """All figures, of one moment. `seen_within_s` is how lately a worker must have been seen."""
    queues = [queue for lane in Lane for queue in queues_of(lane)]
    return Call(
        lambda answer: _figures(queues, *answer), "figures", [int(seen_within_s * 1000), *queues]
    )


def count(deltas: Mapping[str, float]) -> Call[int]:
    """Add what a worker counted. Repeated, it is counted twice: it is for people who watch."""
    args: list[str | int] = []
    for name, by in deltas.items():
        args += [name, int(by)]
    return Call(int, "count", args)


def _figures(
    queues: list[str],
    now: str,
    counts: Any,
    messages: list[int],
    not_taken: list[int],
    oldest: list[str],
    failed: int,
    retried: list[Any],
    at_work: int,
    workers: int,
    paused: Any,
    stop: Any,
) -> Figures:
    told = _Counts()
    for name, value in pairs_to_dict(counts).items():
        told.add(name.split(" "), value)
    unsettled, unknown, oldest_unsettled = retried
    return Figures(
        at=int(now) / 1000,
        accepted=told.accepted,
        replayed=told.replayed,
        ended=told.ended,
        end_times=told.end_times,
        retried=told.retried,
        taken_over=told.taken_over,
        measured=told.measured,
        messages=_by_lane(queues, messages),
        not_taken=_by_lane(queues, not_taken),
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
    """Sorts fields by their first word; what nobody knows, or is damaged, is left out."""

    def __init__(self) -> None:
        self.accepted: dict[tuple[CommandKind, Lane], int] = {}
        self.replayed: dict[tuple[CommandKind, Lane], int] = {}
        self.taken_over: dict[tuple[CommandKind, Lane], int] = {}
        self.retried: dict[tuple[CommandKind, Lane, str], int] = {}
        self.ended: dict[Ended, int] = {}
        self.end_times: dict[tuple[CommandKind, Lane], list[int]] = {}
        self.measured: dict[tuple[str, ...], float] = {}

    def add(self, words: list[str], value: str) -> None:
        """One field of the hash."""
        try:
            number = int(value)
            match words:
                case [("accepted" | "replayed" | "taken_over") as name, kind, lane]:
                    getattr(self, name)[CommandKind(kind), Lane(lane)] = number
                case ["retried", kind, lane, code]:
                    self.retried[CommandKind(kind), Lane(lane), code] = number
                case ["ended", kind, lane, state, code, bucket]:
                    one = Ended(CommandKind(kind), Lane(lane), State(state), code)
                    times = self.end_times.setdefault((one.kind, one.lane), [0] * (len(END_S) + 1))
                    times[int(bucket) - 1] += number
                    self.ended[one] = self.ended.get(one, 0) + number
                case ["worker", *rest]:
                    self.measured[tuple(rest)] = number
        except (ValueError, IndexError):
            return


def _by_lane(queues: list[str], counts: list[int]) -> dict[Lane, int]:
    found = dict.fromkeys(Lane, 0)
    for queue, one in zip(queues, counts, strict=True):
        found[lane_of(queue)] += one
    return found


def _oldest(queues: list[str], ages: list[str]) -> dict[Lane, float]:
    found = dict.fromkeys(Lane, 0.0)
    for queue, age in zip(queues, ages, strict=True):
        lane = lane_of(queue)
        found[lane] = max(found[lane], int(age or 0) / 1000)
    return found
