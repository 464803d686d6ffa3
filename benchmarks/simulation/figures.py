"""The results of an hour of many accounts."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.simulation.account import Command, busiest_second
from producer.contract import Lane
from producer.journal import Limits
from producer.journal.redis.endpoints import Endpoint

# Long enough for some batches of each of eight senders at 25 a second.
_WINDOW_MS = 60_000.0


@dataclass(slots=True)
class Figures:
    """Waits in ms by lane; Jain's index by number of senders; use of an endpoint's limit."""

    waits: dict[Lane, list[float]] = field(
        default_factory=lambda: {lane: list[float]() for lane in Lane}
    )
    fairness: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    wanted_s: int = 0
    sent_then: int = 0
    most_of_account: int = 0
    most_of_endpoint: int = 0

    def add(self, commands: Sequence[Command]) -> None:
        """Add one account's commands."""
        for command in commands:
            self.waits[command.lane].append(command.sent - command.accepted)
        everything = sorted(one.sent for one in commands)
        self.most_of_account = max(self.most_of_account, busiest_second(everything))
        by_endpoint: dict[Endpoint, list[Command]] = defaultdict(list)
        for command in commands:
            by_endpoint[command.endpoint].append(command)
        for own in by_endpoint.values():
            sent = sorted(one.sent for one in own)
            self.most_of_endpoint = max(self.most_of_endpoint, busiest_second(sent))
        self._add_use(max(by_endpoint.values(), key=len))
        self._add_senders(commands)

    def use(self, limits: Limits) -> float:
        """The share of each account's busier endpoint's limit that is used while commands wait."""
        return self.sent_then / (self.wanted_s * limits.endpoint)

    def _add_use(self, commands: Sequence[Command]) -> None:
        sent = sorted(one.sent for one in commands)
        accepted = sorted(one.accepted for one in commands)
        for start in range(0, int(sent[-1]), 1000):
            before, after = bisect_left(sent, start), bisect_left(sent, start + 1000)
            if bisect_left(accepted, start) > after:
                self.wanted_s += 1
                self.sent_then += after - before

    def _add_senders(self, commands: Sequence[Command]) -> None:
        """For each minute, compare the senders that had commands waiting all the minute."""
        by_sender: dict[int, list[Command]] = defaultdict(list)
        for command in commands:
            if command.lane is Lane.BULK:
                by_sender[command.sender].append(command)
        spans = [
            (min(one.accepted for one in own), sorted(one.sent for one in own))
            for own in by_sender.values()
        ]
        for start in _starts(spans):
            end = start + _WINDOW_MS
            counts = [
                bisect_left(sent, end) - bisect_left(sent, start)
                for accepted, sent in spans
                if accepted <= start and sent[-1] >= end
            ]
            if len(counts) > 1:
                self.fairness[len(counts)].append(jain(counts))


def _starts(spans: Sequence[tuple[float, list[float]]]) -> Iterator[float]:
    start, last = 0.0, max((sent[-1] for _, sent in spans), default=0.0)
    while start + _WINDOW_MS <= last:
        yield start
        start += _WINDOW_MS


def jain(shares: Sequence[float]) -> float:
    """Jain's index of fairness (Jain, Chiu, Hawe 1984): 1 if all are equal, 1/n if one has all."""
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 1.0
