"""The client for services that block: send commands, wait for envelopes, read statuses."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Self, TypeVar
from uuid import uuid4

from producer.client import sending
from producer.client.core import Core, NextMessage
from producer.client.sending import Item, LaneName, Metadata, OnRefused, Order
from producer.contract import CommandStatus, Envelope, Lane, State
from producer.journal import Acceptance, BlockingJournal, Call
from producer.journal.operations.failed import FailedCommand
from producer.redis import RedisConfig

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CommandHandle:
    """An accepted command. `known` is true if its idempotency key had been accepted before."""

    id: str
    order: Order
    known: bool
    _client: CardCommands = field(repr=False, compare=False)

    def wait(self, timeout: float | None = 10.0) -> Envelope:
        """The command's envelope, once it has ended. See `CardCommands.wait`."""
        return self._client.wait(self.id, timeout)

    def status(self) -> CommandStatus:
        """The command's status. See `CardCommands.status`."""
        return self._client.status(self.id)


class CardCommands(Core):
    """Sends card commands and reads their outcomes.

    Talks to Redis alone; a call that returns a handle has made the command durable. Connects on
    first use, and may be shared by threads.
    """

    def assign(
        self,
        *,
        customer: str,
        source: str,
        idempotency_key: str | None = None,
        lane: LaneName = Lane.INTERACTIVE,
        metadata: Metadata | None = None,
    ) -> CommandHandle:
        order = sending.assign_order(customer, source)
        return self.send(order, idempotency_key=idempotency_key, lane=lane, metadata=metadata)

    def set_default(
        self,
        *,
        customer: str,
        card: str,
        idempotency_key: str | None = None,
        lane: LaneName = Lane.INTERACTIVE,
        metadata: Metadata | None = None,
    ) -> CommandHandle:
        order = sending.set_default_order(customer, card)
        return self.send(order, idempotency_key=idempotency_key, lane=lane, metadata=metadata)

    def send(
        self,
        order: Order,
        *,
        idempotency_key: str | None = None,
        lane: LaneName = Lane.INTERACTIVE,
        metadata: Metadata | None = None,
    ) -> CommandHandle:
        return self._handle(_run(self._accept(order, idempotency_key, lane, metadata)), order)

    def send_many(
        self,
        items: Iterable[Item],
        *,
        lane: LaneName = Lane.BULK,
        on_refused: OnRefused | None = None,
    ) -> Iterator[CommandHandle]:
        source, flow = iter(items), uuid4().hex
        while chunk := list(islice(source, sending.WINDOW)):
            for accepted in _run(self._accept_window(chunk, lane, flow, on_refused)):
                yield self._handle(*accepted)

    def status(self, command_id: str, *, wait: float = 0.0) -> CommandStatus:
        return _run(self._status(command_id, wait))

    def wait(self, command_id: str, timeout: float | None = 10.0) -> Envelope:
        return _run(self._envelope(command_id, timeout))

    def cancel(self, command_id: str) -> None:
        _run(self._cancel(command_id))

    def failed(self) -> Iterator[FailedCommand]:
        for ids in _run(self._failed_ids()):
            yield from _run(self._still_failed(ids))

    def failed_command(self, command_id: str) -> FailedCommand:
        return _run(self._failed(command_id)).failed()

    def replay(self, command_id: str) -> State:
        return _run(self._replay(command_id))

    def close(self) -> None:
        """Close the connections."""
        _run(self._aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _connect(self, where: str | RedisConfig, retries: int) -> _Connection:
        return _Connection(BlockingJournal(where, retries=retries))

    def _handle(self, accepted: Acceptance, order: Order) -> CommandHandle:
        return CommandHandle(accepted.id, order, accepted.known, self)


class _Connection:
    """The core's connection over a journal that blocks: its coroutines never suspend."""

    def __init__(self, journal: BlockingJournal) -> None:
        self._journal = journal

    async def __call__(self, call: Call[T]) -> T:
        return self._journal(call)

    async def many(self, calls: Sequence[Call[T]]) -> list[T]:
        return self._journal.many(calls)

    @asynccontextmanager
    async def messages(self, command_id: str) -> AsyncIterator[NextMessage]:
        with self._journal.subscription() as subscription:
            subscription.subscribe(self._journal.changed_channel(command_id))

            async def next_message(timeout: float) -> None:
                subscription.get_message(timeout=timeout)

            yield next_message

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251 - to block is its purpose

    async def aclose(self) -> None:
        self._journal.close()


def _run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends, on the calling thread, and return its result."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("a coroutine of the blocking client was suspended")
