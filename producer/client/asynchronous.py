"""The client for asyncio services: the same names as `CardCommands`, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Self
from uuid import uuid4

from producer.client import sending
from producer.client.core import Core, NextMessage
from producer.client.sending import Item, LaneName, Metadata, OnRefused, Order
from producer.contract import CommandStatus, Envelope, Lane, State
from producer.journal import Acceptance, Journal
from producer.journal.operations.failed import FailedCommand
from producer.redis import RedisConfig


@dataclass(frozen=True, slots=True)
class AsyncCommandHandle:
    """An accepted command. `known` is true if its idempotency key had been accepted before."""

    id: str
    order: Order
    known: bool
    _client: AsyncCardCommands = field(repr=False, compare=False)

    async def wait(self, timeout: float | None = 10.0) -> Envelope:
        """The command's envelope, once it has ended. See `AsyncCardCommands.wait`."""
        return await self._client.wait(self.id, timeout)

    async def status(self) -> CommandStatus:
        """The command's status. See `AsyncCardCommands.status`."""
        return await self._client.status(self.id)


class AsyncCardCommands(Core):
    """Sends card commands and reads their outcomes.

    Talks to Redis alone; a call that returns a handle has made the command durable. Connects on
    first use; belongs to one event loop.
    """

    async def assign(
        self,
        *,
        customer: str,
        source: str,
        idempotency_key: str | None = None,
        lane: LaneName = Lane.INTERACTIVE,
        metadata: Metadata | None = None,
    ) -> AsyncCommandHandle:
        order = sending.assign_order(customer, source)
        return await self.send(order, idempotency_key=idempotency_key, lane=lane, metadata=metadata)

    async def set_default(
        self,
        *,
        customer: str,
        card: str,
        idempotency_key: str | None = None,
        lane: LaneName = Lane.INTERACTIVE,
        metadata: Metadata | None = None,
    ) -> AsyncCommandHandle:
        order = sending.set_default_order(customer, card)
        return await self.send(order, idempotency_key=idempotency_key, lane=lane, metadata=metadata)

    async def send(
        self,
        order: Order,
        *,
        idempotency_key: str | None = None,
        lane: LaneName = Lane.INTERACTIVE,
        metadata: Metadata | None = None,
    ) -> AsyncCommandHandle:
        return self._handle(await self._accept(order, idempotency_key, lane, metadata), order)

    async def send_many(
        self,
        items: Iterable[Item] | AsyncIterable[Item],
        *,
        lane: LaneName = Lane.BULK,
        on_refused: OnRefused | None = None,
    ) -> AsyncIterator[AsyncCommandHandle]:
        flow = uuid4().hex
        async for chunk in _chunks(items):
            for accepted in await self._accept_window(chunk, lane, flow, on_refused):
                yield self._handle(*accepted)

    async def status(self, command_id: str, *, wait: float = 0.0) -> CommandStatus:
        return await self._status(command_id, wait)

    async def wait(self, command_id: str, timeout: float | None = 10.0) -> Envelope:
        return await self._envelope(command_id, timeout)

    async def cancel(self, command_id: str) -> None:
        await self._cancel(command_id)

    async def failed(self) -> AsyncIterator[FailedCommand]:
        for ids in await self._failed_ids():
            for command in await self._still_failed(ids):
                yield command

    async def failed_command(self, command_id: str) -> FailedCommand:
        return (await self._failed(command_id)).failed()

    async def replay(self, command_id: str) -> State:
        return await self._replay(command_id)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _connect(self, where: str | RedisConfig, retries: int) -> _Connection:
        return _Connection(where, retries=retries)

    def _handle(self, accepted: Acceptance, order: Order) -> AsyncCommandHandle:
        return AsyncCommandHandle(accepted.id, order, accepted.known, self)


class _Connection(Journal):
    """The core's connection over the async journal."""

    @asynccontextmanager
    async def messages(self, command_id: str) -> AsyncIterator[NextMessage]:
        async with self.subscription() as subscription:
            await subscription.subscribe(self.changed_channel(command_id))

            async def next_message(timeout: float) -> None:
                _raise_if_cancelled()
                await subscription.get_message(timeout=timeout)

            yield next_message

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _raise_if_cancelled() -> None:
    """Raise CancelledError if the task was cancelled and redis-py has swallowed that.

    It sends under `asyncio.wait_for`, which does so up to Python 3.11 (cpython #86296).
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _chunks(items: Iterable[Item] | AsyncIterable[Item]) -> AsyncIterator[list[Item]]:
    """The items, a round trip's worth at a time."""
    if not isinstance(items, AsyncIterable):
        source = iter(items)
        while chunk := list(islice(source, sending.WINDOW)):
            yield chunk
        return
    gathered: list[Item] = []
    async for item in items:
        gathered.append(item)
        if len(gathered) == sending.WINDOW:
            yield gathered
            gathered = []
    if gathered:
        yield gathered
