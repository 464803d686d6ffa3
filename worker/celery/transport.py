"""Kombu's Redis transport, without the acknowledgements that the journal makes superfluous.

To acknowledge late, kombu writes each message it has fetched to Redis and removes it at the end:
half of what an interactive command costs besides Stripe. A message whose command is in the journal
is a wake-up, and the sweep finds what it was for when it is lost, sooner than kombu would give it
back. A bare message, of a sender that knows nothing of ours, is all there is of its command until
it is journalled: it keeps kombu's way.
"""

from __future__ import annotations

import json
import logging
import time
from contextlib import suppress
from queue import Empty
from typing import Any

from kombu.asynchronous import get_event_loop
from kombu.transport import redis, virtual
from redis.exceptions import RedisError, ResponseError

from producer.contract import Lane
from producer.journal.commands.signed import JOURNALLED
from producer.journal.operations.dead_letters import DeadReason
from producer.journal.redis.queues import queues_of
from producer.redis import kombu_transport
from producer.redis.faults import NotReady
from worker.celery.consumer_activity import ConsumerActivity
from worker.celery.prefetch import QueueOrder
from worker.messages import dead_letters
from worker.messages.signatures import MessageSignatures
from worker.messages.validation import Admitted, Dead, admit, admit_any, admit_other, commands_in

_TASK_QUEUES = frozenset(queue for lane in Lane for queue in queues_of(lane))
# What tells of Redis or of this process, and not of a message.
_NOT_OF_A_MESSAGE = (RedisError, OSError, MemoryError)
# A queue whose key holds something else is looked at again after this time.
_WRONG_TYPE_S = 5.0
# A server that takes no writes is asked again after this time.
_NOT_READY_S = 0.5
# While a queue is full it is not waited for, and this long passes until it is again.
_LOOK_AGAIN_S = 0.05


class QoS(redis.QoS):
    """Keeps messages of journalled commands in memory alone."""

    channel: Any
    _delivered: Any

    def can_consume(self) -> bool:
        """Whether another message may be fetched."""
        free: bool = super().can_consume()
        if not free:
            ConsumerActivity.note()
        return free

    def append(self, message: Any, delivery_tag: str) -> None:
        """A message was fetched."""
        if not _journalled(message):
            try:
                super().append(message, delivery_tag)
                return
            except ResponseError as error:
                _say_wrong_type(error, "unacked")
        virtual.QoS.append(self, message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """A message is done with."""
        if not _journalled(self._delivered.get(delivery_tag)):
            try:
                super().ack(delivery_tag)
                return
            except ResponseError as error:
                _say_wrong_type(error, "unacked")
        virtual.QoS.ack(self, delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """A message is not wanted here; with `requeue` by others."""
        message = self._delivered.get(delivery_tag)
        if not _journalled(message):
            try:
                super().reject(delivery_tag, requeue=requeue)
            except ResponseError as error:
                _say_wrong_type(error, "unacked")
                virtual.QoS.ack(self, delivery_tag)
            return
        if requeue:
            with self.channel.conn_or_acquire() as client:
                self._give_back([message], client, leftmost=True)
        virtual.QoS.ack(self, delivery_tag)

    def restore_unacked(self, client: Any = None) -> None:
        """The worker ends, or has lost its connection: what it has not done is for others."""
        self._flush()  # type: ignore[attr-defined]
        own = [one for one in self._delivered.values() if _journalled(one)]
        for message in own:
            self._delivered.pop(message.delivery_tag, None)
        # Redis may be gone, or a replica, and kombu's channel with it (AttributeError, seen). The
        # journal finds its commands all the same, only later; other messages are in `unacked`.
        gone = (*self.channel.connection_errors, AttributeError)
        with suppress(*gone), self.channel.conn_or_acquire(client) as connected:
            if own:
                self._give_back(own, connected, leftmost=False)
            if self._delivered:
                super().restore_unacked(connected)
        self._delivered.clear()

    def restore_visible(self, *args: Any, **options: Any) -> None:
        """Give back what others have had in hand for too long."""
        try:
            super().restore_visible(*args, **options)
        except ResponseError as error:
            _say_wrong_type(error, "unacked")

    def restore_by_tag(self, tag: Any, client: Any = None, leftmost: bool = False) -> None:
        """Give one back, or, where its entry is damaged, set it aside."""
        with self.channel.conn_or_acquire(client) as connected:
            entry = connected.hget(self.unacked_key, tag)
            if entry is None or _is_restorable(entry):
                super().restore_by_tag(tag, client=connected, leftmost=leftmost)
                return
            self._remove_from_indices(tag).execute()  # type: ignore[attr-defined]
        dead_letters.put("unacked", DeadReason.DAMAGED_UNACKED, entry)

    def _give_back(self, messages: list[Any], client: Any, *, leftmost: bool) -> None:
        with client.pipeline(transaction=False) as pipe:
            for message in messages:
                delivery = message.delivery_info
                where = delivery["exchange"], delivery["routing_key"]
                self.channel._do_restore_message(message._raw, *where, pipe, leftmost)
            pipe.execute()


class Message(virtual.Message):
    """A message whose body the gate has read."""

    def __init__(self, payload: Any, channel: Any = None, **options: Any) -> None:
        super().__init__(payload, channel=channel, **options)
        if isinstance(payload, Admitted) and payload.body is not None:
            self._decoded_cache = payload.body


class Channel(kombu_transport.Channel):
    """A channel with our `QoS`, that looks again soon after a queue was full.

    Nothing that is in a queue, or is published to all workers, ends what consumes from it.
    """

    QoS = QoS
    Message = Message
    client: Any
    connection: Any
    connection_errors: Any
    qos: Any
    _queue_cycle: QueueOrder

    def _brpop_start(self, timeout: float | None = None) -> None:
        ConsumerActivity.note()
        dead_letters.flush()
        if self._queue_cycle.all_wanted():
            super()._brpop_start(timeout)  # type: ignore[misc]
        elif self._queue_cycle.consume(0):
            super()._brpop_start(_LOOK_AGAIN_S)  # type: ignore[misc]
        else:
            # Nothing is fetched; the timer has the event loop come by again.
            hub = get_event_loop()
            if hub is not None:
                hub.call_later(_LOOK_AGAIN_S, _nothing)

    def _brpop_read(self, **options: Any) -> bool:
        """As Kombu's, with the gate between what was popped and who gets it."""
        try:
            popped = self._popped(options)
            if not popped:
                raise Empty
            queue = popped[0].decode("utf-8", "replace")
            self._queue_cycle.rotate(queue)
            message = self._deliver(queue, popped[1])
            if message is not None and message["headers"].get(JOURNALLED):
                self._fetch_more(queue, message)
            return True
        finally:
            ConsumerActivity.note()
            self._in_poll = None
            self._flush_brpop_reauth()  # type: ignore[attr-defined]

    def _popped(self, options: dict[str, Any]) -> Any:
        try:
            return self.client.parse_response(self.client.connection, "BRPOP", **options)
        except self.connection_errors as error:
            # Disconnected, it is connected again the next time.
            self.client.connection.disconnect()
            if isinstance(error, NotReady):
                time.sleep(_NOT_READY_S)  # connecting works, and would be tried at once
            raise
        except ResponseError as error:
            if not _is_wrong_type(error):
                raise
            self._leave_out_wrong_types()
            raise Empty from None

    def _fetch_more(self, queue: str, like: Admitted) -> None:
        """Where many are to be fetched, fetch others of the queue in the same turn."""
        prefetch = self._queue_cycle.prefetch
        if prefetch is None or queue not in _TASK_QUEUES or not isinstance(like.body, list):
            return
        count = prefetch.more(queue, commands_in(like.body[1]))
        free = self.qos.can_consume_max_estimate()
        if free is not None:
            count = min(count, free)
        if count > 0:
            with self.conn_or_acquire() as client:
                popped = client.rpop(queue, count) or []
            for raw in popped:
                self._deliver(queue, raw)

    def _leave_out_wrong_types(self) -> None:
        with self.conn_or_acquire() as client:
            for queue in self._queue_cycle.consume(0):
                if client.type(self.global_keyprefix + queue) not in (b"list", b"none"):
                    what = "the key %s is not a queue: nothing is taken from it"
                    dead_letters.sparing.say(logging.CRITICAL, queue, what, queue)
                    self._queue_cycle.leave_out(queue, _WRONG_TYPE_S)

    def _deliver(self, queue: str, raw: bytes) -> Admitted | None:
        """Give what was popped to who consumes it; the message, if it is one."""
        try:
            message = admit(raw, queue) if queue in _TASK_QUEUES else admit_other(raw)
            MessageSignatures.of_process.check(message, of_tasks=queue in _TASK_QUEUES)
        except Dead as dead:
            dead_letters.put(queue, dead.reason, raw, dead.shown)
            return None
        properties = message["properties"]
        if properties["delivery_tag"] in self.qos._delivered:
            # A copy: what is in hand is known by its tag.
            properties["delivery_tag"] = self._next_delivery_tag()
        tag = properties["delivery_tag"]
        try:
            self.connection._deliver(message, queue)
        except _NOT_OF_A_MESSAGE:
            raise
        except Exception as error:
            what, why = "a message could not be taken up: %s", type(error).__name__
            dead_letters.sparing.say(logging.ERROR, "taken up", what, why)
            dead_letters.put(queue, DeadReason.NOT_TAKEN_UP, raw)
            if tag in self.qos._delivered:
                self.qos.reject(tag)
        return message

    def _receive_one(self, c: Any) -> bool | None:
        """As Kombu's, of what is published to all workers: remote control and events."""
        try:
            response = c.parse_response()
        except self.connection_errors:
            self._in_listen = None
            raise
        if not isinstance(response, (list, tuple)):
            return None
        heard = self._handle_message(c, response)  # type: ignore[attr-defined]
        if not _text(heard["type"]).endswith("message") or not heard["data"]:
            return None
        channel = _text(heard["channel"])
        if channel.startswith("/"):
            channel = channel.partition(".")[2]
        exchange = channel.split("/", 1)[0]
        try:
            message = admit_other(heard["data"])
            MessageSignatures.of_process.check(message, of_tasks=False)
            return bool(self._deliver_fanout_message(message, exchange))  # type: ignore[attr-defined]
        except _NOT_OF_A_MESSAGE:
            raise
        except Exception as error:
            # Dropped, as everything there is that nobody hears.
            what, why = "what was published on %s is not heard: %s", type(error).__name__
            dead_letters.sparing.say(logging.WARNING, exchange, what, exchange, why)
            return None

    def _queue_bind(self, *args: Any) -> None:
        try:
            super()._queue_bind(*args)  # type: ignore[misc]
        except ResponseError as error:
            _say_wrong_type(error, "_kombu.binding.*")

    def get_table(self, exchange: str) -> list[tuple[str, str, str]]:
        """The exchange's bindings, without what is none."""
        try:
            table = super().get_table(exchange)
        except (ResponseError, UnicodeDecodeError) as error:
            what, why = "the bindings of %s are damaged: %s", type(error).__name__
            dead_letters.sparing.say(logging.ERROR, exchange, what, exchange, why)
            return []
        return [binding for binding in table if len(binding) == 3]


class Transport(kombu_transport.Transport):
    """Celery's `broker_transport`."""

    Channel = Channel


def _nothing() -> None:
    """The loop has come round."""


def _journalled(message: Any) -> bool:
    return message is not None and bool(message.headers.get(JOURNALLED))


def _is_restorable(entry: bytes) -> bool:
    """Whether Kombu can give back an entry of its unacknowledged messages."""
    try:
        message, exchange, queue = json.loads(entry)
        admit_any(json.dumps(message).encode())
    except (Dead, ValueError, TypeError, RecursionError):
        return False
    return isinstance(exchange, str) and queue in _TASK_QUEUES if isinstance(queue, str) else False


def _is_wrong_type(error: ResponseError) -> bool:
    return "WRONGTYPE" in str(error)


def _say_wrong_type(error: ResponseError, keys: str) -> None:
    """Log that a key of Kombu's is not what it should be. Raises what is no such error."""
    if not _is_wrong_type(error):
        raise error
    what = "a key of %s is not what it should be: delete it"
    dead_letters.sparing.say(logging.CRITICAL, keys, what, keys)


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
