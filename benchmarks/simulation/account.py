"""One account in virtual time: senders' queues, prefetch, deferred customers, the rate limiter.

As in `worker/celery/prefetch.py` and `worker/execution/deferred.py`, for all workers of the account
together. Slots and Stripe's latency are left out: with enough workers they are no bottleneck.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.simulation.limiter import LuaLimiter
from producer.contract import Lane
from producer.journal import Limits
from producer.journal.redis.endpoints import Endpoint

BATCH = 50
# Deferred commands of the bulk lane: two seconds' worth, at least 25 (`worker/celery/prefetch.py`).
_LEAST, _AHEAD_S = 25, 2.0
_ASKED_AT_ONCE = 50


@dataclass(slots=True)
class Command:
    """A command's times of acceptance and sending, ms; `sender` is 0 in the interactive lane."""

    accepted: float
    lane: Lane
    endpoint: Endpoint
    sender: int
    sent: float = -1.0


@dataclass(slots=True)
class Account:
    """Runs the commands of one account, and keeps them in the order they got their send times."""

    limits: Limits
    placed: list[Command] = field(default_factory=list)

    def run(self, commands: Sequence[Command]) -> None:
        """Send all commands. Each sender's come in its order, their batches in turn."""
        workers = _Workers(LuaLimiter(self.limits), self.placed)
        for command in sorted(commands, key=lambda one: one.accepted):
            workers.run_until(command.accepted)
            workers.accept(command)
        workers.run_until(float("inf"))


class _Workers:
    def __init__(self, limiter: LuaLimiter, placed: list[Command]) -> None:
        self._limiter = limiter
        self._placed = placed
        self._queues: dict[int, deque[Command]] = {}
        self._lines: dict[Lane, dict[tuple[int, Endpoint], deque[Command]]] = {
            lane: {} for lane in Lane
        }
        self._not_before: dict[tuple[Lane, Endpoint], float] = {}
        self._deferred = 0
        self._recent: deque[float] = deque()
        self._now = 0.0

    def accept(self, command: Command) -> None:
        self._now = max(self._now, command.accepted)
        if command.lane is Lane.INTERACTIVE:
            self._enter(command)
        else:
            self._queues.setdefault(command.sender, deque()).append(command)

    def run_until(self, end: float) -> None:
        while self._queues or any(self._lines.values()):
            self._fetch_messages()
            soonest = self._ask_all()
            if self._queues and self._wants():
                continue
            if soonest > end:
                return
            self._now = max(self._now, soonest)

    def _wants(self) -> bool:
        while self._recent and self._recent[0] <= self._now - 1000:
            self._recent.popleft()
        return self._deferred < max(_LEAST, len(self._recent) * _AHEAD_S)

    def _fetch_messages(self) -> None:
        while self._queues and self._wants():
            sender = next(iter(self._queues))
            queue = self._queues.pop(sender)
            for _ in range(min(BATCH, len(queue))):
                self._enter(queue.popleft())
                self._deferred += 1
            if queue:
                self._queues[sender] = queue

    def _enter(self, command: Command) -> None:
        lines = self._lines[command.lane]
        lines.setdefault((command.sender, command.endpoint), deque()).append(command)

    def _ask_all(self) -> float:
        """Ask for every queue that is due; return when the next one is due."""
        soonest = float("inf")
        for lane in (Lane.INTERACTIVE, Lane.BULK):
            while (key := self._next_line(lane)) is not None:
                self._ask(lane, key)
            waits = [self._not_before[lane, endpoint] for _, endpoint in self._lines[lane]]
            soonest = min([soonest, *waits])
        return soonest

    def _next_line(self, lane: Lane) -> tuple[int, Endpoint] | None:
        for key in self._lines[lane]:
            if self._not_before.get((lane, key[1]), 0.0) <= self._now:
                return key
        return None

    def _ask(self, lane: Lane, key: tuple[int, Endpoint]) -> None:
        lines = self._lines[lane]
        line = lines.pop(key)
        for _ in range(min(_ASKED_AT_ONCE, len(line))):
            place = self._limiter.book(lane, key[1], self._now)
            if place.at is None:
                self._not_before[lane, key[1]] = max(place.again, self._now + 1)
                break
            command = line.popleft()
            command.sent = place.at
            self._placed.append(command)
            if lane is Lane.BULK:
                self._deferred -= 1
                self._recent.append(self._now)
        if line:
            lines[key] = line


def busiest_second(times: Sequence[float]) -> int:
    """The most of the times (ms, ascending) in any second, wherever it starts."""
    first = most = 0
    for last, time in enumerate(times):
        while times[first] <= time - 1000:
            first += 1
        most = max(most, last - first + 1)
    return most
