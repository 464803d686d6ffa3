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

# A restart or failover of Redis takes seconds; every call may be repeated.
RETRIES = 8
_BACKOFF = ExponentialWithJitterBackoff(cap=1.0, base=0.05)
# Calls that go to Redis together, and how many such round trips are under way at a time.
_TOGETHER, _ROUND_TRIPS = 200, 2
_DURABILITY = ("appendonly", "appendfsync", "maxmemory-policy")
_FAILURES = (RedisError, OSError)


class JournalUnavailable(Exception):
    """Redis did not answer, or could not make a write durable. Nothing is known to be accepted."""

    def __init__(self, cause: BaseException) -> None:
        self.cause = cause
        super().__init__(f"not available: {self.fault.text.english} ({type(cause).__name__})")

    @property
    def fault(self) -> Fault:
        """What the failure means, and what a person is told of it."""
        return fault_of(self.cause)

    @property
    def other_data(self) -> bool:
        """Whether Redis answers, and its data is not that of before."""
        return isinstance(self.cause, OtherData)


class JournalFault(Exception):
    """Redis answered that the call, or the data it met, is wrong. Repeating it changes nothing."""

    def __init__(self, cause: BaseException) -> None:
        self.cause = cause
        super().__init__(f"the journal could not carry a call out: {type(cause).__name__}: {cause}")


def _check(call: Call[Any]) -> None:
    """Raise JournalFault for arguments that would fail whatever is sent with them."""
    for part in (call.args, *call.commands):
        for one in part:
            if isinstance(one, str):
                if not one.isascii():
                    try:
                        one.encode("utf-8", "surrogateescape")
                    except UnicodeError as error:
                        raise JournalFault(error) from None
            elif not isinstance(one, (int, float, bytes)) or isinstance(one, bool):
                raise JournalFault(DataError(f"an argument is a {type(one).__name__}"))


class Journal:
    """Runs calls on an asyncio loop. Connects on first use.

    Calls made in the same turn of the loop, or while another round trip is under way, go to Redis
    together: a busy process pays for one round trip what an idle one pays for one call.
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
        """Why the last round trip failed; None where it did not."""
        self.errors: Counter[str] = Counter()
        """How many round trips failed, by `Fault.code`."""

    async def __call__(self, call: Call[T]) -> T:
        """Run the call.

        Raises:
            JournalUnavailable: Redis is out of reach or refuses writes, after the retries.
            JournalFault: the call, or the data it meets, is wrong.
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
            loop.call_soon(self._depart, loop)

    def _depart(self, loop: asyncio.AbstractEventLoop) -> None:
        self._scheduled = False
        together, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
        task = loop.create_task(self._carry(together))
        self._round_trips.add(task)

        def returned(task: asyncio.Task[None]) -> None:
            self._round_trips.discard(task)
            self._schedule(loop)

        task.add_done_callback(returned)
        self._schedule(loop)

    async def _carry(self, together: list[tuple[Call[Any], asyncio.Future[Any]]]) -> None:
        wanted = [(call, answer) for call, answer in together if not answer.done()]
        if not wanted:
            return
        # Made at the same time, they have no order: those of one script go as one.
        wanted.sort(key=lambda one: one[0].script or "")
        try:
            told = await self._ask([call for call, _ in wanted])
        except Exception as error:
            told = [error] * len(wanted)
        for (call, answer), found in zip(wanted, told, strict=True):
            if not answer.done():
                _settle(call, answer, found)

    async def _ask(self, calls: Sequence[Call[Any]]) -> list[Any]:
        """For each call what Redis answers, or its error. Raises what befalls all of them."""
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
                    refused = [one for one in trip.answers if isinstance(one, RedisError)]
                    self.errors.update({fault_of(one).code for one in refused})
                    return trip.answers
                continue
            self.errors[fault_of(failing).code] += 1
            failures += 1
            if not _passes(failing) or failures > self._retries:
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
        answers = await self._ask(calls) if calls else []
        return [_parsed(call, found) for call, found in zip(calls, answers, strict=True)]

    def changed_channel(self, command_id: str) -> str:
        """The channel of a command's changes, as it is named at the server."""
        return self._config.namespace + keys.changed(command_id)

    def command_of_channel(self, channel: str) -> str:
        """The command whose changes the channel carries."""
        return keys.command_of_channel(channel.removeprefix(self._config.namespace))

    @asynccontextmanager
    async def subscription(self) -> AsyncIterator[AsyncPubSub]:
        """A subscription of its own connection; it re-subscribes by itself after a loss."""
        pubsub = self._redis.pubsub()
        try:
            yield pubsub
        finally:
            await pubsub.aclose()

    async def ping(self) -> None:
        """Raise JournalUnavailable unless Redis answers."""
        await self(Call(lambda _: None, commands=[("PING",)]))

    async def configuration(self) -> dict[str, str]:
        """Redis' settings that durability depends on; empty where it does not tell them."""
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
            JournalUnavailable: Redis is out of reach or refuses writes, after the retries.
            JournalFault: the call, or the data it meets, is wrong.
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
        answers = self._ask(calls) if calls else []
        return [_parsed(call, found) for call, found in zip(calls, answers, strict=True)]

    def _ask(self, calls: Sequence[Call[Any]]) -> list[Any]:
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
            if not _passes(failing) or failures > self._retries:
                return trip.given_up(failing)
            time.sleep(_BACKOFF.compute(failures))

    def changed_channel(self, command_id: str) -> str:
        """The channel of a command's changes, as it is named at the server."""
        return self.config.namespace + keys.changed(command_id)

    @contextmanager
    def subscription(self) -> Iterator[PubSub]:
        """A subscription of its own connection."""
        pubsub = self._redis.pubsub(ignore_subscribe_messages=True)
        try:
            yield pubsub
        finally:
            pubsub.close()

    def configuration(self) -> dict[str, str]:
        """Redis' settings that durability depends on; empty where it does not tell them."""
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


def _passes(failure: BaseException) -> bool:
    return fault_of(failure).passes


def _parsed(call: Call[T], found: Any) -> T:
    """What a call's answer is. Raises what it is an error of."""
    failed = found if isinstance(found, BaseException) else None
    if isinstance(found, list):
        failed = next((part for part in found if isinstance(part, BaseException)), None)
    if failed is None:
        return call.parse(found)
    if not isinstance(failed, _FAILURES):
        raise failed
    if fault_of(failed).meaning is Meaning.FAULT:
        raise JournalFault(failed) from failed
    raise JournalUnavailable(failed) from failed


def _settle(call: Call[Any], answer: asyncio.Future[Any], found: Any) -> None:
    try:
        answer.set_result(_parsed(call, found))
    except Exception as error:
        answer.set_exception(error)
