"""From which queues a worker takes its next message: each lane has slots, each sender its turn."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from typing import ClassVar

from producer.contract import Lane
from producer.journal.redis.queues import lane_of

# Commands in hand of a bulk queue: as many as this worker ends of it in so many seconds, but this
# at least, so that a small worker or a slow account does not hoard what others could do.
_AHEAD_S = 2.0
_LEAST = 25
# Commands of a bulk queue that are fetched in one round trip: a message of `send_many`, or as many.
_TOGETHER = 50
# Commands of the interactive lane that wait for the rate limit; the rest waits in Redis.
_MOST_INTERACTIVE = 500


class Prefetch:
    """Counts the commands in hand, and says which queues are to be looked at.

    A message counts as many as it holds, from the moment it is fetched. Each queue of the bulk lane
    is counted for itself: what one sender's commands wait for, an endpoint at its limit, does not
    keep another's from being fetched. Read by Celery's consumer thread. While it is `closed`
    nothing is fetched, nor of a lane that is `paused`.
    """

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        # Commands on their way from the consumer's thread, and what the loop has had of them: each
        # thread writes its own.
        self._fetched: Counter[str] = Counter()
        self._came: Counter[str] = Counter()
        self._fetched_messages: Counter[Lane] = Counter()
        self._came_messages: Counter[Lane] = Counter()
        self._asked: Counter[str] = Counter()
        self._messages: Counter[Lane] = Counter()
        self._commands: Counter[Lane] = Counter()
        self._of_queue: Counter[str] = Counter()
        self._ends: dict[str, _Ends] = {}
        self.closed = False
        self.paused: frozenset[Lane] = frozenset()

    def fetched(self, queue: str, commands: int) -> None:
        """A message of so many is on its way to the loop. Called by the consumer's thread alone."""
        self._fetched[queue] += commands
        self._fetched_messages[lane_of(queue)] += 1

    def came(self, queue: str, commands: int) -> None:
        """A fetched message is at the loop, which counts it from here."""
        self._came[queue] += commands
        self._came_messages[lane_of(queue)] += 1

    def message(self, lane: Lane, change: int) -> None:
        """A message was received (1) or is done with (-1)."""
        self._messages[lane] += change

    def asked(self, queue: str, change: int) -> None:
        """So many commands are asked for in the journal, or (below 0) were."""
        self._asked[queue] += change

    def command(self, queue: str, change: int) -> None:
        """A command of the queue is in hand (1), or no longer (-1)."""
        self._commands[lane_of(queue)] += change
        self._of_queue[queue] += change

    def ended(self, queue: str) -> None:
        """A customer's commands were worked on as far as may be."""
        self._ends.setdefault(queue, _Ends()).count += 1

    def idle(self, lane: Lane) -> bool:
        """Whether nothing of the lane is in hand."""
        return self._held(lane) <= 0 and self._commands[lane] <= 0

    def wants(self, lane: Lane) -> bool:
        """Whether the worker should take another message of the lane."""
        if self._held(lane) >= self._concurrency:
            return False
        return lane is Lane.BULK or self._commands[lane] < _MOST_INTERACTIVE

    def wants_of(self, queue: str) -> bool:
        """Whether the queue, of a lane that is wanted, has few enough commands in hand."""
        if lane_of(queue) is Lane.INTERACTIVE:
            return True
        return self._started_or_deferred(queue) < self._most(queue)

    def more(self, queue: str, commands: int) -> int:
        """How many messages like the last one, of so many commands, may be fetched with it.

        None where that is all there is in hand of a bulk queue: there will be few. Else one by one
        a worker could not fetch faster than Redis makes a write durable.
        """
        lane, in_hand = lane_of(queue), self._started_or_deferred(queue)
        if lane is Lane.INTERACTIVE or in_hand <= commands or self.closed or lane in self.paused:
            return 0
        left = min(_TOGETHER, self._most(queue) - in_hand) // commands
        return max(0, min(int(left), self._concurrency - self._held(lane)))

    def _started_or_deferred(self, queue: str) -> int:
        on_its_way = self._fetched[queue] - self._came[queue]
        return self._of_queue[queue] + self._asked[queue] + on_its_way

    def _most(self, queue: str) -> float:
        ends = self._ends.get(queue)
        return _LEAST if ends is None else max(_LEAST, ends.a_second() * _AHEAD_S)

    def _held(self, lane: Lane) -> int:
        on_its_way = self._fetched_messages[lane] - self._came_messages[lane]
        return on_its_way + self._messages[lane]


class _Ends:
    """How many commands of a queue end here in a second."""

    def __init__(self) -> None:
        self.count = 0
        self._rate = 0.0
        self._since = time.monotonic()

    def a_second(self) -> float:
        now = time.monotonic()
        if now - self._since >= 1:
            self._rate = self.count / (now - self._since)
            self.count, self._since = 0, now
        return max(self._rate, float(self.count))


class QueueOrder:
    """Kombu's order of queues (`queue_order_strategy`): interactive first, bulk queues in turn.

    A lane of which nothing is in hand comes first, so that a flood in the other cannot starve it.
    """

    # Kombu makes its own instance, without arguments; there is one consumer in a process.
    prefetch: ClassVar[Prefetch | None] = None

    def __init__(self) -> None:
        self._queues: dict[Lane, list[str]] = {lane: [] for lane in Lane}
        self._left_out: dict[str, float] = {}

    def leave_out(self, queue: str, seconds: float) -> None:
        """Nothing can be taken from the queue: it is not asked for so long."""
        self._left_out[queue] = time.monotonic() + seconds

    def update(self, queues: Iterable[str]) -> None:
        """The queues that are consumed from."""
        self._queues = {lane: [] for lane in Lane}
        for queue in queues:
            self._queues[lane_of(queue)].append(queue)

    def consume(self, _count: int) -> list[str]:
        """The queues to wait for a message in, the first that has one being taken."""
        interactive, bulk = (self._wanted(lane) for lane in (Lane.INTERACTIVE, Lane.BULK))
        if self.prefetch is not None and self.prefetch.idle(Lane.BULK):
            return bulk + interactive
        return interactive + bulk

    def _wanted(self, lane: Lane) -> list[str]:
        prefetch = self.prefetch
        if prefetch is not None and (prefetch.closed or lane in prefetch.paused):
            return []
        queues = self._usable(lane)
        if prefetch is None or prefetch.idle(lane):
            return queues
        return [one for one in queues if prefetch.wants_of(one)] if prefetch.wants(lane) else []

    def all_wanted(self) -> bool:
        """Whether no queue is left out."""
        usable = {lane: self._usable(lane) for lane in Lane}
        return any(usable.values()) and all(
            len(self._wanted(lane)) == len(queues) for lane, queues in usable.items()
        )

    def _usable(self, lane: Lane) -> list[str]:
        if not self._left_out:
            return self._queues[lane]
        now = time.monotonic()
        self._left_out = {queue: at for queue, at in self._left_out.items() if at > now}
        return [queue for queue in self._queues[lane] if queue not in self._left_out]

    def rotate(self, queue: str) -> str:
        """A message was taken from the queue: the others of its lane come first next time."""
        queues = self._queues[lane_of(queue)]
        if queue in queues:
            queues.remove(queue)
            queues.append(queue)
        return queue
