"""From which queues a worker takes its next message: each lane has slots, whatever the other."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from typing import ClassVar

from producer.contract import Lane
from producer.journal.queues import lane_of

# Commands in hand of the bulk lane: as many as this worker ends in so many seconds, but this at
# least, so that a small worker or a slow account does not hoard what others could do.
_AHEAD_S = 2.0
_LEAST = 25
# Commands of the interactive lane that wait for the rate limit; the rest waits in Redis.
_MOST_INTERACTIVE = 500


class LaneGate:
    """Counts what is in hand, and says which lanes want more. Read by Celery's consumer thread."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._fetched: Counter[Lane] = Counter()
        self._came: Counter[Lane] = Counter()
        self._messages: Counter[Lane] = Counter()
        self._commands: Counter[Lane] = Counter()
        self._ended = 0
        self._rate = 0.0
        self._since = time.monotonic()

    def fetched(self, lane: Lane) -> None:
        """A message is on its way to the loop. Called by Celery's consumer thread alone."""
        self._fetched[lane] += 1

    def came(self, lane: Lane) -> None:
        """A fetched message is at the loop, which counts it from here."""
        self._came[lane] += 1

    def message(self, lane: Lane, change: int) -> None:
        """A message was received (1) or is done with (-1)."""
        self._messages[lane] += change

    def command(self, lane: Lane, change: int) -> None:
        """A command is in hand (1), or no longer (-1)."""
        self._commands[lane] += change

    def ended(self, lane: Lane) -> None:
        """A customer's commands were worked on as far as may be."""
        if lane is Lane.BULK:
            self._ended += 1

    def idle(self, lane: Lane) -> bool:
        """Whether nothing of the lane is in hand."""
        return self._held(lane) <= 0 and self._commands[lane] <= 0

    def wants(self, lane: Lane) -> bool:
        """Whether the worker should take another message of the lane."""
        if self._held(lane) >= self._concurrency:
            return False
        if lane is Lane.INTERACTIVE:
            return self._commands[lane] < _MOST_INTERACTIVE
        if self._on_the_way(lane):
            # How many commands it has is not counted yet.
            return False
        return self._commands[lane] < max(_LEAST, self._ends_a_second() * _AHEAD_S)

    def _on_the_way(self, lane: Lane) -> int:
        return self._fetched[lane] - self._came[lane]

    def _held(self, lane: Lane) -> int:
        return self._on_the_way(lane) + self._messages[lane]

    def _ends_a_second(self) -> float:
        now = time.monotonic()
        if now - self._since >= 1:
            self._rate = self._ended / (now - self._since)
            self._ended, self._since = 0, now
        return max(self._rate, float(self._ended))


class LaneOrder:
    """Kombu's order of queues (`queue_order_strategy`): interactive first, bulk queues in turn.

    A lane of which nothing is in hand comes first, so that a flood in the other cannot starve it.
    """

    # Kombu makes its own instance, without arguments; there is one consumer in a process.
    gate: ClassVar[LaneGate | None] = None

    def __init__(self) -> None:
        self._queues: dict[Lane, list[str]] = {lane: [] for lane in Lane}

    def update(self, queues: Iterable[str]) -> None:
        """The queues that are consumed from."""
        self._queues = {lane: [] for lane in Lane}
        for queue in queues:
            self._queues[lane_of(queue)].append(queue)

    def consume(self, _count: int) -> list[str]:
        """The queues to wait for a message in, the first that has one being taken."""
        gate = self.gate
        if gate is None:
            return [queue for lane in Lane for queue in self._queues[lane]]
        interactive, bulk = (
            self._queues[lane] if gate.wants(lane) else [] for lane in (Lane.INTERACTIVE, Lane.BULK)
        )
        return bulk + interactive if gate.idle(Lane.BULK) else interactive + bulk

    def rotate(self, queue: str) -> str:
        """A message was taken from the queue: the others of its lane come first next time."""
        queues = self._queues[lane_of(queue)]
        if queue in queues:
            queues.remove(queue)
            queues.append(queue)
        return queue
