"""The journal's connections to Redis, async and blocking, for the same calls."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from redis.asyncio.client import PubSub as AsyncPubSub
from redis.backoff import ExponentialWithJitterBackoff
from redis.client import PubSub
from redis.exceptions import DataError, RedisError

from producer.journal.redis import keys
from producer.journal.redis.calls import Call
from producer.journal.redis.round_trip import RoundTrip
from producer.redis import Fault, Meaning, RedisConfig, fault_of
from producer.redis.clients import async_client, blocking_client
from producer.redis.faults import OtherData

T = TypeVar("T")

# A restart or failover of Redis takes seconds, and every call may be repeated.
RETRIES = 8
_BACKOFF = ExponentialWithJitterBackoff(cap=1.0, base=0.05)
# Calls per round trip, and concurrent round trips.
_MOST_CALLS, _ROUND_TRIPS = 200, 2
_DURABILITY = ("appendonly", "appendfsync", "maxmemory-policy")
_FAILURES = (RedisError, OSError)


class JournalUnavailable(Exception):
    """Redis did not answer, or could not make a write durable. Whether it wrote is unknown."""

    def __init__(self, cause: BaseException) -> None:
        self.cause = cause
        super().__init__(f"not available: {self.fault.text.english} ({type(cause).__name__})")

    @property
    def fault(self) -> Fault:
        """What the failure means, and the text for it."""
        return fault_of(self.cause)

    @property
    def other_data(self) -> bool:
        """Whether Redis answers with the data of another journal."""
        return isinstance(self.cause, OtherData)


class JournalFault(Exception):
    """Redis answered that the call, or the data it found, is wrong. A repetition does not help."""

    def __init__(self, cause: BaseException) -> None:
        self.cause = cause
        super().__init__(f"the journal could not carry a call out: {type(cause).__name__}: {cause}")


def _check(call: Call[Any]) -> None:
    """Raise JournalFault for arguments that would make the whole round trip fail."""
    for part in (call.args, *call.commands):
        for arg in part:
            if isinstance(arg, str):
                if not arg.isascii():
                    try:
                        arg.encode("utf-8", "surrogateescape")
                    except UnicodeError as error:
                        raise JournalFault(error) from None
            elif not isinstance(arg, (int, float, bytes)) or isinstance(arg, bool):
                raise JournalFault(DataError(f"an argument is a {type(arg).__name__}"))


class Journal:
    """Runs calls on an asyncio loop. Connects on first use.

    Calls made in the same iteration of the loop, or while other round trips are under way, share a
    round trip: a busy process pays for many calls what an idle one pays for one.
    """

    def __init__(self, where: str | RedisConfig, *, retries: int = RETRIES) -> None:
        """`where` is a URL or a whole configuration."""
        self._config = RedisConfig.of(where)
        self._retries = retries
        self._redis: Any = async_client(self._config)
        self._waiting: list[tuple[Call[Any], asyncio.Future[Any]]] = []
        self._round_trips: set[asyncio.Task[None]] = set()
        self._scheduled = False
        self.failing: BaseException | None = None
        """Why the last round trip failed; None if it succeeded."""
        self.errors: Counter[str] = Counter()
        """How many round trips failed, by `Fault.code`."""

    async def __call__(self, call: Call[T]) -> T:
        """Run the call.

        Raises:
            JournalUnavailable: Redis is unreachable or refuses writes, after the retries.
            JournalFault: the call, or the data it finds, is wrong.
        """
        _check(call)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._waiting.append((call, answer))
        self._schedule(loop)
        return await answer

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._waiting and not self._scheduled and len(self._round_trips) < _ROUND_TRIPS:
            self._scheduled = True
            loop.call_soon(self._start_round_trip, loop)

    def _start_round_trip(self, loop: asyncio.AbstractEventLoop) -> None:
        self._scheduled = False
        batch, self._waiting = self._waiting[:_MOST_CALLS], self._waiting[_MOST_CALLS:]
        task = loop.create_task(self._run_batch(batch))
        self._round_trips.add(task)

        def finished(task: asyncio.Task[None]) -> None:
            self._round_trips.discard(task)
            self._schedule(loop)

        task.add_done_callback(finished)
        self._schedule(loop)

    async def _run_batch(self, batch: list[tuple[Call[Any], asyncio.Future[Any]]]) -> None:
        wanted = [(call, future) for call, future in batch if not future.done()]
        if not wanted:
            return
        # Concurrent calls have no order; sorted by script, calls of one script run as one.
        wanted.sort(key=lambda item: item[0].script or "")
        try:
            answers = await self._send([call for call, _ in wanted])
        except Exception as error:
            answers = [error] * len(wanted)
        for (call, future), answer in zip(wanted, answers, strict=True):
            if not future.done():
                _resolve(call, future, answer)

    async def _send(self, calls: Sequence[Call[Any]]) -> list[Any]:
        """The answer or the error of each call. Raises an error that affects all of them."""
        trip = RoundTrip(calls, self._config)
        failures = 0
        while True:
            try:
                async with self._redis.pipeline(transaction=False) as pipe:
                    _queue(pipe, trip.commands())
                    trip.answered(await pipe.execute(raise_on_error=False))
                failing: BaseException | None = trip.unconfirmed
            except _FAILURES as error:
                failing = error
            self.failing = failing
            if failing is None:
                if trip.complete:
                    refused = [answer for answer in trip.answers if isinstance(answer, RedisError)]
                    self.errors.update({fault_of(error).code for error in refused})
                    return trip.answers
                continue
            self.errors[fault_of(failing).code] += 1
            failures += 1
            if not fault_of(failing).passes or failures > self._retries:
                return trip.given_up(failing)
            await asyncio.sleep(_BACKOFF.compute(failures))

    async def many(self, calls: Sequence[Call[T]]) -> list[T]:
        """Run calls in one round trip.

        Raises:
            JournalUnavailable: as above; any number of the calls may have been carried out.
            JournalFault: as above, likewise.
        """
        for call in calls:
            _check(call)
        answers = await self._send(calls) if calls else []
        return [_parsed(call, answer) for call, answer in zip(calls, answers, strict=True)]

    def changed_channel(self, command_id: str) -> str:
        """The channel of a command's changes, with the namespace."""
        return self._config.namespace + keys.changed(command_id)

    def command_of_channel(self, channel: str) -> str:
        """The command whose changes the channel carries."""
        return keys.command_of_channel(channel.removeprefix(self._config.namespace))

    @asynccontextmanager
    async def subscription(self) -> AsyncIterator[AsyncPubSub]:
        """A subscription on its own connection; it re-subscribes by itself after a disconnect."""
        pubsub = self._redis.pubsub()
        try:
            yield pubsub
        finally:
            await pubsub.aclose()

    async def ping(self) -> None:
        """Raise JournalUnavailable unless Redis answers."""
        await self(Call(lambda _: None, commands=[("PING",)]))

    async def configuration(self) -> dict[str, str]:
        """Redis' settings that durability depends on; empty where Redis does not show them."""
        try:
            return dict(await self._redis.config_get(*_DURABILITY))
        except _FAILURES:
            return {}

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


class BlockingJournal:
    """Runs calls on the calling thread. Connects on first use; may be shared by threads."""

    def __init__(self, where: str | RedisConfig, *, retries: int = RETRIES) -> None:
        """`where` is a URL or a whole configuration."""
        self.config = RedisConfig.of(where)
        self._retries = retries
        self._redis: Any = blocking_client(self.config)

    def __call__(self, call: Call[T]) -> T:
        """Run the call.

        Raises:
            JournalUnavailable: Redis is unreachable or refuses writes, after the retries.
            JournalFault: the call, or the data it finds, is wrong.
        """
        return self.many([call])[0]

    def many(self, calls: Sequence[Call[T]]) -> list[T]:
        """Run calls in one round trip.

        Raises:
            JournalUnavailable: as above; any number of the calls may have been carried out.
            JournalFault: as above, likewise.
        """
        for call in calls:
            _check(call)
        answers = self._send(calls) if calls else []
        return [_parsed(call, answer) for call, answer in zip(calls, answers, strict=True)]

    def _send(self, calls: Sequence[Call[Any]]) -> list[Any]:
        trip = RoundTrip(calls, self.config)
        failures = 0
        while True:
            try:
                with self._redis.pipeline(transaction=trip.atomic) as pipe:
                    _queue(pipe, trip.commands())
                    trip.answered(pipe.execute(raise_on_error=False))
                failing: BaseException | None = trip.unconfirmed
            except _FAILURES as error:
                failing = error
            if failing is None:
                if trip.complete:
                    return trip.answers
                continue
            failures += 1
            if not fault_of(failing).passes or failures > self._retries:
                return trip.given_up(failing)
            time.sleep(_BACKOFF.compute(failures))

    def changed_channel(self, command_id: str) -> str:
        """The channel of a command's changes, with the namespace."""
        return self.config.namespace + keys.changed(command_id)

    @contextmanager
    def subscription(self) -> Iterator[PubSub]:
        """A subscription on its own connection."""
        pubsub = self._redis.pubsub(ignore_subscribe_messages=True)
        try:
            yield pubsub
        finally:
            pubsub.close()

    def configuration(self) -> dict[str, str]:
        """Redis' settings that durability depends on; empty where Redis does not show them."""
        try:
            return dict(self._redis.config_get(*_DURABILITY))
        except _FAILURES:
            return {}

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()


def _queue(pipe: Any, commands: Sequence[tuple[str | int | bytes, ...]]) -> None:
    for command in commands:
        pipe.execute_command(*command)


def _parsed(call: Call[T], answer: Any) -> T:
    """The parsed answer of a call. Raises where the answer is an error, or contains one."""
    failed = answer if isinstance(answer, BaseException) else None
    if isinstance(answer, list):
        failed = next((part for part in answer if isinstance(part, BaseException)), None)
    if failed is None:
        return call.parse(answer)
    if not isinstance(failed, _FAILURES):
        raise failed
    if fault_of(failed).meaning is Meaning.FAULT:
        raise JournalFault(failed) from failed
    raise JournalUnavailable(failed) from failed


def _resolve(call: Call[Any], future: asyncio.Future[Any], answer: Any) -> None:
    try:
        future.set_result(_parsed(call, answer))
    except Exception as error:
        future.set_exception(error)
