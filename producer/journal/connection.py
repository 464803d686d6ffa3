"""The journal's connections to Redis, async and blocking, for the same calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import redis
import redis.asyncio
from redis.asyncio.client import PubSub as AsyncPubSub
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialWithJitterBackoff
from redis.client import PubSub
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from producer.journal import keys
from producer.journal.calls import Call, Script, script

T = TypeVar("T")

CONNECT_TIMEOUT_S = 2.0
# Longer than any script runs, shorter than a caller waits.
ANSWER_TIMEOUT_S = 5.0
# A restart of Redis takes about a second; every call may be repeated.
RETRIES = 8
_BACKOFF = ExponentialWithJitterBackoff(cap=1.0, base=0.05)
_OPTIONS: dict[str, Any] = {
    "decode_responses": True,
    "socket_connect_timeout": CONNECT_TIMEOUT_S,
    "socket_timeout": ANSWER_TIMEOUT_S,
    "socket_keepalive": True,
    "health_check_interval": 15,
    "max_connections": 500,
}
_DURABILITY = ("appendonly", "appendfsync", "maxmemory-policy")


class JournalUnavailable(Exception):
    """Redis did not answer, or could not make a write durable. Nothing is known to be accepted."""

    def __init__(self, cause: BaseException) -> None:
        self.cause = cause
        super().__init__(f"the journal's Redis is not available: {type(cause).__name__}")


class Journal:
    """Runs calls on an asyncio loop. Connects on first use."""

    def __init__(self, url: str, *, retries: int = RETRIES) -> None:
        retry = AsyncRetry(_BACKOFF, retries)
        self._redis: Any = redis.asyncio.Redis.from_url(url, retry=retry, **_OPTIONS)

    async def __call__(self, call: Call[T]) -> T:
        """Run the call.

        Raises:
            JournalUnavailable: Redis is out of reach or refuses writes, after the retries.
        """
        try:
            if call.script is None:
                async with self._redis.pipeline(transaction=len(call.commands) > 1) as pipe:
                    _queue(pipe, call.commands)
                    return call.parse(await pipe.execute())
            known = script(call.script)
            try:
                answer = await self._redis.evalsha(known.sha, 0, *call.args)
            except NoScriptError:
                answer = await self._redis.eval(known.text, 0, *call.args)
            return call.parse(answer)
        except (RedisError, OSError) as error:
            raise JournalUnavailable(error) from error

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
            raise JournalUnavailable(error) from error

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
        """
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
            raise JournalUnavailable(error) from error

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
            raise JournalUnavailable(error) from error

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


changed_channel = keys.changed
command_of_channel = keys.command_of_channel
