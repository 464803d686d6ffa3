"""The journal's connections to Redis, async and blocking, for the same calls."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import redis
import redis.asyncio
from redis.asyncio.client import PubSub as AsyncPubSub
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialWithJitterBackoff
from redis.client import PubSub
from redis.exceptions import DataError, NoScriptError, RedisError, ResponseError
from redis.retry import Retry

from producer.journal import keys
from producer.journal.calls import Call
from producer.journal.scripts import Script, script

T = TypeVar("T")

CONNECT_TIMEOUT_S = 2.0
# Longer than any script runs, shorter than a caller waits.
ANSWER_TIMEOUT_S = 5.0
# A restart of Redis takes about a second; every call may be repeated.
RETRIES = 8
_BACKOFF = ExponentialWithJitterBackoff(cap=1.0, base=0.05)
_OPTIONS: dict[str, Any] = {
    "decode_responses": True,
    # Bytes that are not UTF-8 come through unchanged, for the reader to find damaged.
    "encoding_errors": "surrogateescape",
    "socket_connect_timeout": CONNECT_TIMEOUT_S,
    "socket_timeout": ANSWER_TIMEOUT_S,
    "socket_keepalive": True,
    "health_check_interval": 15,
    "max_connections": 500,
}
# Calls that go to Redis together, and how many such round trips are under way at a time.
_TOGETHER, _ROUND_TRIPS = 200, 2
_DURABILITY = ("appendonly", "appendfsync", "maxmemory-policy")


class JournalUnavailable(Exception):
    """Redis did not answer, or could not make a write durable. Nothing is known to be accepted."""

    def __init__(self, cause: BaseException) -> None:
        self.cause = cause
        super().__init__(f"the journal's Redis is not available: {type(cause).__name__}")


class JournalFault(Exception):
    """Redis answers, and cannot carry this call out: its arguments, or the data, are damaged.

    To repeat it is of no use. Other calls are not affected.
    """

    def __init__(self, cause: BaseException) -> None:
        self.cause = cause
        super().__init__(f"the journal cannot carry a call out: {type(cause).__name__}")


# Answers that tell of the server's state, rather than of the call; scripts quote them.
_OF_THE_SERVER = re.compile(
    r"\b(READONLY|LOADING|MASTERDOWN|NOREPLICAS|MISCONF|OOM|BUSY|NOAUTH|WRONGPASS|NOPERM|UNBLOCKED"
    r"|TRYAGAIN|NOSCRIPT|CLUSTERDOWN|MOVED|ASK)\b"
)


def _raised(error: BaseException) -> JournalUnavailable | JournalFault:
    """What a caller is to hear of an error."""
    if isinstance(error, (DataError, UnicodeError)):
        return JournalFault(error)
    # redis-py has classes of its own for most of the server's, and takes the code away.
    if type(error) is ResponseError and not _OF_THE_SERVER.search(str(error)):
        return JournalFault(error)
    return JournalUnavailable(error)


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
            elif not isinstance(one, (int, float)) or isinstance(one, bool):
                raise JournalFault(DataError(f"an argument is a {type(one).__name__}"))


class Journal:
    """Runs calls on an asyncio loop. Connects on first use.

    Calls made in the same turn of the loop, or while another round trip is under way, go to Redis
    together: a busy process pays for one round trip what an idle one pays for one call.
    """

    def __init__(self, url: str, *, retries: int = RETRIES) -> None:
        retry = AsyncRetry(_BACKOFF, retries)
        self._redis: Any = redis.asyncio.Redis.from_url(url, retry=retry, **_OPTIONS)
        self._waiting: list[tuple[Call[Any], asyncio.Future[Any]]] = []
        self._round_trips: set[asyncio.Task[None]] = set()
        self._scheduled = False

    async def __call__(self, call: Call[T]) -> T:
        """Run the call.

        Raises:
            JournalUnavailable: Redis is out of reach or refuses writes, after the retries.
            JournalFault: the call's arguments, or the data it is about, are damaged.
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
        task = loop.create_task(self._round_trip(together))
        self._round_trips.add(task)

        def returned(task: asyncio.Task[None]) -> None:
            self._round_trips.discard(task)
            self._schedule(loop)

        task.add_done_callback(returned)
        self._schedule(loop)

    async def _round_trip(self, together: list[tuple[Call[Any], asyncio.Future[Any]]]) -> None:
        wanted = [(call, answer) for call, answer in together if not answer.done()]
        try:
            answers = await self._ask([call for call, _ in wanted])
        except (RedisError, OSError, UnicodeError) as error:
            for _, answer in wanted:
                if not answer.done():
                    answer.set_exception(_raised(error))
            return
        for (call, answer), found in zip(wanted, answers, strict=True):
            if not answer.done():
                _settle(call, answer, found)

    async def _ask(self, calls: Sequence[Call[Any]]) -> list[Any]:
        """What Redis answers to each: the answer of a script, or a list of answers."""
        async with self._redis.pipeline(transaction=False) as pipe:
            _queue(pipe, [command for call in calls for command in _commands(call)])
            flat = await pipe.execute(raise_on_error=False)
        unknown = {call.script for call, one in _grouped(calls, flat) if _is_unknown(one)}
        if unknown:
            async with self._redis.pipeline(transaction=False) as pipe:
                _queue(pipe, [("SCRIPT LOAD", script(str(name)).text) for name in unknown])
                await pipe.execute()
            again = [call for call, one in _grouped(calls, flat) if _is_unknown(one)]
            told = iter(await self._ask(again))
            return [next(told) if _is_unknown(one) else one for _, one in _grouped(calls, flat)]
        return [one for _, one in _grouped(calls, flat)]

    async def many(self, calls: Sequence[Call[T]]) -> list[T]:
        """Run calls of the same script in one round trip.

        Raises:
            JournalUnavailable: as above; any number of the calls may have been carried out.
        """
        known = _common_script(calls)
        if known is None:
            return []
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.execute_command("SCRIPT LOAD", known.text)
                _queue(pipe, [("EVALSHA", known.sha, 0, *call.args) for call in calls])
                answers = await pipe.execute()
            return _parsed(calls, answers[1:])
        except (RedisError, OSError) as error:
            raise _raised(error) from error

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
        except (RedisError, OSError):
            return {}

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


class BlockingJournal:
    """Runs calls on the calling thread. Connects on first use; may be shared by threads."""

    def __init__(self, url: str, *, retries: int = RETRIES) -> None:
        self._redis: Any = redis.Redis.from_url(url, retry=Retry(_BACKOFF, retries), **_OPTIONS)

    def __call__(self, call: Call[T]) -> T:
        """Run the call.

        Raises:
            JournalUnavailable: Redis is out of reach or refuses writes, after the retries.
            JournalFault: the call's arguments, or the data it is about, are damaged.
        """
        _check(call)
        try:
            if call.script is None:
                with self._redis.pipeline(transaction=len(call.commands) > 1) as pipe:
                    _queue(pipe, call.commands)
                    return call.parse(pipe.execute())
            known = script(call.script)
            try:
                answer = self._redis.evalsha(known.sha, 0, *call.args)
            except NoScriptError:
                answer = self._redis.eval(known.text, 0, *call.args)
            return call.parse(answer)
        except (RedisError, OSError) as error:
            raise _raised(error) from error

    def many(self, calls: Sequence[Call[T]]) -> list[T]:
        """Run calls of the same script in one round trip.

        Raises:
            JournalUnavailable: as above; any number of the calls may have been carried out.
        """
        known = _common_script(calls)
        if known is None:
            return []
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                pipe.execute_command("SCRIPT LOAD", known.text)
                _queue(pipe, [("EVALSHA", known.sha, 0, *call.args) for call in calls])
                answers = pipe.execute()
            return _parsed(calls, answers[1:])
        except (RedisError, OSError) as error:
            raise _raised(error) from error

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
        except (RedisError, OSError):
            return {}

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()


def _queue(pipe: Any, commands: Sequence[tuple[str | int, ...]]) -> None:
    for command in commands:
        pipe.execute_command(*command)


def _common_script(calls: Sequence[Call[T]]) -> Script | None:
    """The calls' one script; None where there are no calls. Raises ValueError where they differ."""
    names = {call.script for call in calls}
    if not names:
        return None
    if len(names) > 1 or None in names:
        raise ValueError("calls run together must be of one script")
    return script(str(names.pop()))


def _parsed(calls: Sequence[Call[T]], answers: Sequence[Any]) -> list[T]:
    return [call.parse(answer) for call, answer in zip(calls, answers, strict=True)]


def _commands(call: Call[Any]) -> Sequence[tuple[str | int, ...]]:
    if call.script is None:
        return call.commands
    return [("EVALSHA", script(call.script).sha, 0, *call.args)]


def _grouped(calls: Sequence[Call[Any]], flat: Sequence[Any]) -> Iterator[tuple[Call[Any], Any]]:
    answers = iter(flat)
    for call in calls:
        if call.script is not None:
            yield call, next(answers)
        else:
            yield call, [next(answers) for _ in call.commands]


def _is_unknown(answer: Any) -> bool:
    return isinstance(answer, NoScriptError)


def _settle(call: Call[Any], answer: asyncio.Future[Any], found: Any) -> None:
    parts = found if isinstance(found, list) else [found]
    failed = next((part for part in parts if isinstance(part, Exception)), None)
    if failed is not None:
        answer.set_exception(_raised(failed))
        return
    try:
        answer.set_result(call.parse(found))
    except Exception as error:
        answer.set_exception(error)


changed_channel = keys.changed
command_of_channel = keys.command_of_channel
