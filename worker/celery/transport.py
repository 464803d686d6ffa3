"""Kombu's Redis transport, without the acknowledgements that the journal makes superfluous.

To acknowledge late, Kombu writes each fetched message to Redis and removes it at the end: half of
what an interactive command costs besides Stripe. A message of a journalled command is a wake-up; if
it is lost the sweep finds the command, sooner than Kombu would return the message to its queue. A
bare message, sent without our client, is all there is of its command until it is journalled: it is
acknowledged as Kombu does.
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
# Errors of Redis or of this process, not of a message.
_NOT_OF_THE_MESSAGE = (RedisError, OSError, MemoryError)
# A queue whose key holds no list is polled again after this time.
_WRONG_TYPE_S = 5.0
# A server that accepts no writes is polled again after this time.
_NOT_READY_S = 0.5
# While some queues are not wanted, polling starts again after this time.
_POLL_AGAIN_S = 0.05


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
                _log_wrong_type(error, "unacked")
        virtual.QoS.append(self, message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """A message is done."""
        if not _journalled(self._delivered.get(delivery_tag)):
            try:
                super().ack(delivery_tag)
                return
            except ResponseError as error:
                _log_wrong_type(error, "unacked")
        virtual.QoS.ack(self, delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Drop a message; with `requeue` return it to its queue."""
        message = self._delivered.get(delivery_tag)
        if not _journalled(message):
            try:
                super().reject(delivery_tag, requeue=requeue)
            except ResponseError as error:
                _log_wrong_type(error, "unacked")
                virtual.QoS.ack(self, delivery_tag)
            return
        if requeue:
            with self.channel.conn_or_acquire() as client:
                self._requeue([message], client, leftmost=True)
        virtual.QoS.ack(self, delivery_tag)

    def restore_unacked(self, client: Any = None) -> None:
        """The worker ends or has lost its connection: return its messages to their queues."""
        self._flush()  # type: ignore[attr-defined]
        journalled = [one for one in self._delivered.values() if _journalled(one)]
        for message in journalled:
            self._delivered.pop(message.delivery_tag, None)
        # Redis may be gone, or a replica, and Kombu's channel with it (AttributeError, seen). The
        # sweep still finds journalled commands, only later; other messages are in `unacked`.
        gone = (*self.channel.connection_errors, AttributeError)
        with suppress(*gone), self.channel.conn_or_acquire(client) as connected:
            if journalled:
                self._requeue(journalled, connected, leftmost=False)
            if self._delivered:
                super().restore_unacked(connected)
        self._delivered.clear()

    def restore_visible(self, *args: Any, **options: Any) -> None:
        """Return messages that other workers have held for too long to their queues."""
        try:
            super().restore_visible(*args, **options)
        except ResponseError as error:
            _log_wrong_type(error, "unacked")

    def restore_by_tag(self, tag: Any, client: Any = None, leftmost: bool = False) -> None:
        """Return a message to its queue, or dead-letter it if its entry is damaged."""
        with self.channel.conn_or_acquire(client) as connected:
            entry = connected.hget(self.unacked_key, tag)
            if entry is None or _is_restorable(entry):
                super().restore_by_tag(tag, client=connected, leftmost=leftmost)
                return
            self._remove_from_indices(tag).execute()  # type: ignore[attr-defined]
        dead_letters.put("unacked", DeadReason.DAMAGED_UNACKED, entry)

    def _requeue(self, messages: list[Any], client: Any, *, leftmost: bool) -> None:
        with client.pipeline(transaction=False) as pipe:
            for message in messages:
                delivery = message.delivery_info
                where = delivery["exchange"], delivery["routing_key"]
                self.channel._do_restore_message(message._raw, *where, pipe, leftmost)
            pipe.execute()


class Message(virtual.Message):
    """A message whose body `worker.messages.validation` has parsed."""

    def __init__(self, payload: Any, channel: Any = None, **options: Any) -> None:
        super().__init__(payload, channel=channel, **options)
        if isinstance(payload, Admitted) and payload.body is not None:
            self._decoded_cache = payload.body


class Channel(kombu_transport.Channel):
    """A channel with our `QoS`, that polls only wanted queues.

    Nothing that is in a queue, or is broadcast to all workers, ends its consumer.
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
            super()._brpop_start(_POLL_AGAIN_S)  # type: ignore[misc]
        else:
            # Nothing is fetched; the timer makes the event loop poll again.
            hub = get_event_loop()
            if hub is not None:
                hub.call_later(_POLL_AGAIN_S, _do_nothing)

    def _brpop_read(self, **options: Any) -> bool:
        """As Kombu's, but validates what was popped before it is delivered."""
        try:
            popped = self._pop(options)
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

    def _pop(self, options: dict[str, Any]) -> Any:
        try:
            return self.client.parse_response(self.client.connection, "BRPOP", **options)
        except self.connection_errors as error:
            # The next poll connects again.
            self.client.connection.disconnect()
            if isinstance(error, NotReady):
                time.sleep(_NOT_READY_S)  # connecting works, so that kombu would poll at once
            raise
        except ResponseError as error:
            if not _is_wrong_type(error):
                raise
            self._leave_out_wrong_types()
            raise Empty from None

    def _fetch_more(self, queue: str, first: Admitted) -> None:
        """Fetch more messages of the queue in one round trip, as many as the prefetch allows."""
        prefetch = self._queue_cycle.prefetch
        if prefetch is None or queue not in _TASK_QUEUES or not isinstance(first.body, list):
            return
        count = prefetch.more(queue, commands_in(first.body[1]))
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
                    what = "the key %s is not a queue: nothing is fetched from it"
                    dead_letters.limited_log.log(logging.CRITICAL, queue, what, queue)
                    self._queue_cycle.leave_out(queue, _WRONG_TYPE_S)

    def _deliver(self, queue: str, raw: bytes) -> Admitted | None:
        """Deliver what was popped. Returns the message; None if it was dead-lettered."""
        try:
            message = admit(raw, queue) if queue in _TASK_QUEUES else admit_other(raw)
            MessageSignatures.of_process.check(message, of_tasks=queue in _TASK_QUEUES)
        except Dead as dead:
            dead_letters.put(queue, dead.reason, raw, dead.shown)
            return None
        properties = message["properties"]
        if properties["delivery_tag"] in self.qos._delivered:
            # A copy: messages that are held are known by their tags.
            properties["delivery_tag"] = self._next_delivery_tag()
        tag = properties["delivery_tag"]
        try:
            self.connection._deliver(message, queue)
        except _NOT_OF_THE_MESSAGE:
            raise
        except Exception as error:
            what, why = "a message could not be consumed: %s", type(error).__name__
            dead_letters.limited_log.log(logging.ERROR, "not consumed", what, why)
            dead_letters.put(queue, DeadReason.NOT_TAKEN_UP, raw)
            if tag in self.qos._delivered:
                self.qos.reject(tag)
        return message

    def _receive_one(self, c: Any) -> bool | None:
        """As Kombu's, but validates what is broadcast: remote control and events."""
        try:
            response = c.parse_response()
        except self.connection_errors:
            self._in_listen = None
            raise
        if not isinstance(response, (list, tuple)):
            return None
        received = self._handle_message(c, response)  # type: ignore[attr-defined]
        if not _text(received["type"]).endswith("message") or not received["data"]:
            return None
        channel = _text(received["channel"])
        if channel.startswith("/"):
            channel = channel.partition(".")[2]
        exchange = channel.split("/", 1)[0]
        try:
            message = admit_other(received["data"])
            MessageSignatures.of_process.check(message, of_tasks=False)
            return bool(self._deliver_fanout_message(message, exchange))  # type: ignore[attr-defined]
        except _NOT_OF_THE_MESSAGE:
            raise
        except Exception as error:
            # Dropped, as is any broadcast without a receiver.
            what, why = "a broadcast on %s was dropped: %s", type(error).__name__
            dead_letters.limited_log.log(logging.WARNING, exchange, what, exchange, why)
            return None

    def _queue_bind(self, *args: Any) -> None:
        try:
            super()._queue_bind(*args)  # type: ignore[misc]
        except ResponseError as error:
            _log_wrong_type(error, "_kombu.binding.*")

    def get_table(self, exchange: str) -> list[tuple[str, str, str]]:
        """The exchange's bindings, without damaged ones."""
        try:
            table = super().get_table(exchange)
        except (ResponseError, UnicodeDecodeError) as error:
            what, why = "the bindings of %s are damaged: %s", type(error).__name__
            dead_letters.limited_log.log(logging.ERROR, exchange, what, exchange, why)
            return []
        return [binding for binding in table if len(binding) == 3]


class Transport(kombu_transport.Transport):
    """Celery's `broker_transport`."""

    Channel = Channel


def _do_nothing() -> None:
    """Wakes the event loop."""


def _journalled(message: Any) -> bool:
    return message is not None and bool(message.headers.get(JOURNALLED))


def _is_restorable(entry: bytes) -> bool:
    """Whether Kombu can return an entry of its unacknowledged messages to a queue."""
    try:
        message, exchange, queue = json.loads(entry)
        admit_any(json.dumps(message).encode())
    except (Dead, ValueError, TypeError, RecursionError):
        return False
    return isinstance(exchange, str) and queue in _TASK_QUEUES if isinstance(queue, str) else False


def _is_wrong_type(error: ResponseError) -> bool:
    return "WRONGTYPE" in str(error)


def _log_wrong_type(error: ResponseError, keys: str) -> None:
    """Log that a key of Kombu's has the wrong type. Raises any other error."""
    if not _is_wrong_type(error):
        raise error
    what = "a key of %s is not what it should be: delete it"
    dead_letters.limited_log.log(logging.CRITICAL, keys, what, keys)


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
