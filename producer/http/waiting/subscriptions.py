"""One pub/sub connection for the whole process, shared by all waiting callers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias
from uuid import uuid4

from redis.asyncio.client import PubSub

from producer.http.waiting.background_tasks import end
from producer.journal import Journal, JournalUnavailable, heartbeat

log = logging.getLogger(__name__)

Listener: TypeAlias = Callable[[str | None], None]
"""Called with each publication; with None if some may have been missed and a read is due."""

# The process publishes heartbeats through the primary. If the subscription does not receive them,
# its server is no longer the primary, or its connection is dead.
_HEARTBEAT_S = 1.0
_HEARTBEAT_LOST_S = 3.0
_RECONNECT_S = 0.2
# Unsubscribe after the current requests, with one command.
_DROP_S = 0.05


class Subscriptions:
    """Calls listeners with what is published on `changed(id)`; survives lost connections.

    One task reads and one writes; after an error of either it reconnects and subscribes to all ids
    again. Subscriptions requested in one iteration of the event loop are sent as one command.
    """

    def __init__(self, journal: Journal) -> None:
        """`journal` must not retry, because this class retries itself."""
        self._journal = journal
        self._heartbeat_id = f"-web-{uuid4().hex}"
        self._listeners: dict[str, set[Listener]] = {self._heartbeat_id: set()}
        self._confirmations: dict[str, asyncio.Future[None]] = {}
        self._unanswered: dict[str, int] = {}
        self._to_add: set[str] = set()
        self._to_drop: set[str] = set()
        self._work = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect, and stay connected until `stop`."""
        self._task = asyncio.create_task(self._keep_connected())

    async def stop(self) -> None:
        """Close the connection."""
        await end(self._task)

    def add(self, ident: str, listener: Listener) -> asyncio.Future[None]:
        """Add a listener. The future is done once no publication can be missed."""
        self._to_drop.discard(ident)
        confirmation = self._confirmations.get(ident)
        if confirmation is None:
            confirmation = asyncio.get_running_loop().create_future()
            self._confirmations[ident] = confirmation
            self._to_add.add(ident)
            self._work.set()
        self._listeners.setdefault(ident, set()).add(listener)
        return confirmation

    def remove(self, ident: str, listener: Listener) -> None:
        """Remove the listener."""
        listeners = self._listeners.get(ident)
        if listeners is None:
            return
        listeners.discard(listener)
        if not listeners:
            del self._listeners[ident]
            if ident in self._to_add:  # not sent yet; while Redis is down, ids must not pile up
                self._to_add.discard(ident)
                self._confirmations.pop(ident, None)
            else:
                if not self._to_drop:
                    asyncio.get_running_loop().call_later(_DROP_S, self._work.set)
                self._to_drop.add(ident)

    async def _keep_connected(self) -> None:
        while True:
            try:
                async with self._journal.subscription() as pubsub:
                    self._reset()
                    await pubsub.subscribe(self._channel(self._heartbeat_id))
                    await self._serve(pubsub)
            except Exception as error:
                # Its type alone: the text may contain an address.
                log.warning("publications interrupted: %s", type(error).__name__)
            await asyncio.sleep(_RECONNECT_S)

    async def _serve(self, pubsub: PubSub) -> None:
        """Read, write and send heartbeats until one of them fails; raise its error.

        No TaskGroup: it cancels once, so a task that swallows the cancellation would block it
        for ever.
        """
        tasks = [
            asyncio.create_task(self._write(pubsub)),
            asyncio.create_task(self._read(pubsub)),
            asyncio.create_task(self._send_heartbeats()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end(*tasks)
        # All errors are retrieved, since asyncio reports those that are not.
        errors = [task.exception() for task in tasks if not task.cancelled()]
        for error in errors:
            if error is not None:
                raise error

    def _reset(self) -> None:
        self._to_drop.clear()
        self._unanswered.clear()
        for ident in [i for i in self._confirmations if i not in self._listeners]:
            del self._confirmations[ident]
        self._to_add = {ident for ident in self._listeners if ident != self._heartbeat_id}
        self._work.set()

    async def _write(self, pubsub: PubSub) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            add, drop = self._to_add, self._to_drop & self._confirmations.keys()
            for ident in drop:
                del self._confirmations[ident]
            self._to_add = set()
            self._to_drop = set()
            if drop:
                await pubsub.unsubscribe(*map(self._channel, drop))
            if add:
                for ident in add:
                    self._unanswered[ident] = self._unanswered.get(ident, 0) + 1
                await pubsub.subscribe(*map(self._channel, add))

    async def _read(self, pubsub: PubSub) -> None:
        loop = asyncio.get_running_loop()
        last_heard = loop.time()
        while True:
            message = await pubsub.get_message(timeout=_HEARTBEAT_S)
            if loop.time() - last_heard > _HEARTBEAT_LOST_S and message is None:
                raise ConnectionError("the subscription does not receive its own heartbeat")
            if message is None:
                continue
            ident = self._journal.command_of_channel(message["channel"] or "")
            if ident == self._heartbeat_id:
                last_heard = loop.time()
            elif message["type"] == "message":
                self._notify(ident, message["data"])
            elif message["type"] == "subscribe":
                self._confirm(ident)

    async def _send_heartbeats(self) -> None:
        while True:
            with suppress(JournalUnavailable):
                await self._journal(heartbeat(self._heartbeat_id))
            await asyncio.sleep(_HEARTBEAT_S)

    def _confirm(self, ident: str) -> None:
        left = self._unanswered.get(ident, 1) - 1
        if left > 0:
            self._unanswered[ident] = left
            return
        self._unanswered.pop(ident, None)
        confirmation = self._confirmations.get(ident)
        if confirmation is None:
            return
        if confirmation.done():
            self._notify(ident, None)
        else:
            confirmation.set_result(None)

    def _channel(self, ident: str) -> str:
        return self._journal.changed_channel(ident)

    def _notify(self, ident: str, publication: str | None) -> None:
        for listener in tuple(self._listeners.get(ident, ())):
            listener(publication)
