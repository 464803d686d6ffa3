"""Prefetch: from which queues a worker fetches its next message, and how many it holds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from typing import ClassVar

from producer.contract import Lane
from producer.journal.redis.queues import lane_of

# A worker holds as many commands of a bulk queue as it ends in this time, but at least the minimum:
# a small worker or a slow account must not hoard what other workers could execute.
_AHEAD_S = 2.0
_MIN_PER_QUEUE = 25
# Commands of a bulk queue that are fetched in one round trip: a message of `send_many`, or as many.
_PER_ROUND_TRIP = 50
# Commands of the interactive lane that are started or deferred; the rest waits in Redis.
_MAX_INTERACTIVE = 500


class Prefetch:
    """Counts the commands that a worker holds, and decides which queues to poll.

    A message counts its commands from the moment it is fetched. Each queue of the bulk lane is
    counted for itself: a sender whose commands wait, for an endpoint at its limit, does not keep
    another sender's from being fetched. Read by Celery's consumer thread. While `suspended`
    nothing is fetched, and nothing of `paused_lanes`.
    """

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        # Commands that the consumer's thread fetched, and those of them that arrived at the loop:
        # each thread writes its own counters.
        self._fetched: Counter[str] = Counter()
        self._arrived: Counter[str] = Counter()
        self._fetched_messages: Counter[Lane] = Counter()
        self._arrived_messages: Counter[Lane] = Counter()
        self._claiming: Counter[str] = Counter()
        self._messages: Counter[Lane] = Counter()
        self._commands: Counter[Lane] = Counter()
        self._commands_of_queue: Counter[str] = Counter()
        self._ends: dict[str, _Ends] = {}
        self.suspended = False
        self.paused_lanes: frozenset[Lane] = frozenset()

    def fetched(self, queue: str, commands: int) -> None:
        """A message of so many was fetched. Only the consumer's thread calls this."""
        self._fetched[queue] += commands
        self._fetched_messages[lane_of(queue)] += 1

    def arrived(self, queue: str, commands: int) -> None:
        """A fetched message arrived at the loop, which counts it from here on."""
        self._arrived[queue] += commands
        self._arrived_messages[lane_of(queue)] += 1

    def message(self, lane: Lane, change: int) -> None:
        """The loop received a message (1) or is done with it (-1)."""
        self._messages[lane] += change

    def claiming(self, queue: str, change: int) -> None:
        """So many commands are being claimed, or (below 0) no longer."""
        self._claiming[queue] += change

    def command(self, queue: str, change: int) -> None:
        """A command of the queue is started or deferred (1), or no longer (-1)."""
        self._commands[lane_of(queue)] += change
        self._commands_of_queue[queue] += change

    def ended(self, queue: str) -> None:
        """A customer's commands were executed as far as possible."""
        self._ends.setdefault(queue, _Ends()).count += 1

    def idle(self, lane: Lane) -> bool:
        """Whether the worker holds nothing of the lane."""
        return self._messages_held(lane) <= 0 and self._commands[lane] <= 0

    def wants_lane(self, lane: Lane) -> bool:
        """Whether the worker should fetch another message of the lane."""
        if self._messages_held(lane) >= self._concurrency:
            return False
        return lane is Lane.BULK or self._commands[lane] < _MAX_INTERACTIVE

    def wants_queue(self, queue: str) -> bool:
        """Whether the worker holds few enough commands of the queue, whose lane is wanted."""
        if lane_of(queue) is Lane.INTERACTIVE:
            return True
        return self._started_or_deferred(queue) < self._limit(queue)

    def more(self, queue: str, commands: int) -> int:
        """How many more messages to fetch in the same round trip, after one of so many commands.

        0 if the worker holds nothing else of the queue, which is then probably short. One by one, a
        worker could not fetch faster than Redis makes a write durable.
        """
        lane, held = lane_of(queue), self._started_or_deferred(queue)
        if (
            lane is Lane.INTERACTIVE
            or held <= commands
            or self.suspended
            or lane in self.paused_lanes
        ):
            return 0
        left = min(_PER_ROUND_TRIP, self._limit(queue) - held) // commands
        return max(0, min(int(left), self._concurrency - self._messages_held(lane)))

    def _started_or_deferred(self, queue: str) -> int:
        arriving = self._fetched[queue] - self._arrived[queue]
        return self._commands_of_queue[queue] + self._claiming[queue] + arriving

    def _limit(self, queue: str) -> float:
        ends = self._ends.get(queue)
        return _MIN_PER_QUEUE if ends is None else max(_MIN_PER_QUEUE, ends.per_second() * _AHEAD_S)

    def _messages_held(self, lane: Lane) -> int:
        arriving = self._fetched_messages[lane] - self._arrived_messages[lane]
        return arriving + self._messages[lane]


class _Ends:
    """How many commands of a queue this worker ends per second."""

    def __init__(self) -> None:
        self.count = 0
        self._rate = 0.0
        self._since = time.monotonic()

    def per_second(self) -> float:
        now = time.monotonic()
        if now - self._since >= 1:
            self._rate = self.count / (now - self._since)
            self.count, self._since = 0, now
        return max(self._rate, float(self.count))


class QueueOrder:
    """Kombu's order of queues (`queue_order_strategy`): interactive first, bulk queues in turn.

    If the worker holds nothing of the bulk lane that comes first, so that no flood starves it.
    """

    # On the class, since Kombu makes the instance, without arguments; a process has one consumer.
    prefetch: ClassVar[Prefetch | None] = None

    def __init__(self) -> None:
        self._queues: dict[Lane, list[str]] = {lane: [] for lane in Lane}
        self._left_out: dict[str, float] = {}

    def leave_out(self, queue: str, seconds: float) -> None:
        """Do not poll the queue for so long: nothing can be fetched from it."""
        self._left_out[queue] = time.monotonic() + seconds

    def update(self, queues: Iterable[str]) -> None:
        """Set the queues to consume from."""
        self._queues = {lane: [] for lane in Lane}
        for queue in queues:
            self._queues[lane_of(queue)].append(queue)

    def consume(self, _count: int) -> list[str]:
        """The queues to poll; the message comes from the first that has one."""
        interactive, bulk = (self._wanted(lane) for lane in (Lane.INTERACTIVE, Lane.BULK))
        if self.prefetch is not None and self.prefetch.idle(Lane.BULK):
            return bulk + interactive
        return interactive + bulk

    def _wanted(self, lane: Lane) -> list[str]:
        prefetch = self.prefetch
        if prefetch is not None and (prefetch.suspended or lane in prefetch.paused_lanes):
            return []
        queues = self._usable(lane)
        if prefetch is None or prefetch.idle(lane):
            return queues
        if not prefetch.wants_lane(lane):
            return []
        return [queue for queue in queues if prefetch.wants_queue(queue)]

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
        """A message was fetched from the queue: it comes last in its lane next time."""
        queues = self._queues[lane_of(queue)]
        if queue in queues:
            queues.remove(queue)
            queues.append(queue)
        return queue
