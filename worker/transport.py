"""Kombu's Redis transport, without the acknowledgements that the journal makes superfluous.

To acknowledge late, kombu writes each message it has fetched to Redis and removes it at the end:
half of what an interactive command costs besides Stripe. A message whose command is in the journal
is a wake-up, and the sweep finds what it was for when it is lost, sooner than kombu would give it
back. A bare message, of a sender that knows nothing of ours, is all there is of its command until
it is journalled: it keeps kombu's way.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from kombu.asynchronous import get_event_loop
from kombu.transport import redis, virtual

from producer.journal.messages import JOURNALLED
from producer.redis import kombu_transport
from worker.lane_gate import LaneOrder

# While a queue is full it is not waited for, and this long passes until it is again.
_LOOK_AGAIN_S = 0.05


class QoS(redis.QoS):
    """Keeps messages of journalled commands in memory alone."""

    channel: Any
    _delivered: Any

    def append(self, message: Any, delivery_tag: str) -> None:
        """A message was fetched."""
        if _journalled(message):
            virtual.QoS.append(self, message, delivery_tag)
        else:
            super().append(message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """A message is done with."""
        if _journalled(self._delivered.get(delivery_tag)):
            virtual.QoS.ack(self, delivery_tag)
        else:
            super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """A message is not wanted here; with `requeue` by others."""
        message = self._delivered.get(delivery_tag)
        if not _journalled(message):
            super().reject(delivery_tag, requeue=requeue)
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

    def _give_back(self, messages: list[Any], client: Any, *, leftmost: bool) -> None:
        with client.pipeline(transaction=False) as pipe:
            for message in messages:
                delivery = message.delivery_info
                where = delivery["exchange"], delivery["routing_key"]
                self.channel._do_restore_message(message._raw, *where, pipe, leftmost)
            pipe.execute()


class Channel(kombu_transport.Channel):
    """A channel with our `QoS`, that looks again soon after a queue was full."""

    QoS = QoS
    _queue_cycle: LaneOrder

    def _brpop_start(self, timeout: float | None = None) -> None:
        if self._queue_cycle.all_wanted():
            super()._brpop_start(timeout)  # type: ignore[misc]
        elif self._queue_cycle.consume(0):
            super()._brpop_start(_LOOK_AGAIN_S)  # type: ignore[misc]
        else:
            # Nothing is fetched; the timer has the event loop come by again.
            hub = get_event_loop()
            if hub is not None:
                hub.call_later(_LOOK_AGAIN_S, _nothing)


class Transport(kombu_transport.Transport):
    """Celery's `broker_transport`."""

    Channel = Channel


def _nothing() -> None:
    """The loop has come round."""


def _journalled(message: Any) -> bool:
    return message is not None and bool(message.headers.get(JOURNALLED))
