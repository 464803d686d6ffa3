"""What both clients do, written once as coroutines.

The async client awaits them. The blocking client runs each to its end on the calling thread: its
connection blocks, so the coroutine never suspends.
"""

from __future__ import annotations

import os
import time
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, Self, TypeAlias, TypeVar

from redis.exceptions import RedisError

from producer import journal as journalled
from producer.client import sending
from producer.client.errors import (
    CommandNotFound,
    NotCancellable,
    NotFailed,
    NotVouchedFor,
    RecordDamaged,
    ResultGone,
    Unavailable,
    WaitTimeout,
)
from producer.client.interface import Interface
from producer.client.sending import Item, LaneName, Metadata, OnRefused, Order
from producer.contract import CommandStatus, Envelope, State
from producer.contract.texts import Language
from producer.journal import Acceptance, Call, JournalUnavailable, JournalWatch, status
from producer.journal.operations import failed
from producer.journal.operations.failed import FailedCommand, Kept
from producer.journal.redis.connection import RETRIES
from producer.observability import tracing
from producer.redis import RedisConfig
from producer.security.command_signatures import UNSIGNED, Signing
from producer.settings import DEFAULT_STATUS_TTL_S, Settings

T = TypeVar("T")

# Waits for the next message about a command, at most so many seconds.
NextMessage: TypeAlias = Callable[[float], Awaitable[None]]


class Connection(Protocol):
    """The journal as the core uses it."""

    async def __call__(self, call: Call[T]) -> T:
        """Run a call. Raises JournalUnavailable or JournalFault."""

    async def many(self, calls: Sequence[Call[T]]) -> list[T]:
        """Run calls in one round trip. Raises as a single call does."""

    def messages(self, command_id: str) -> AbstractAsyncContextManager[NextMessage]:
        """A subscription to the changes of a command."""

    async def sleep(self, seconds: float) -> None:
        """Let the time pass."""

    async def aclose(self) -> None:
        """Close the connections to Redis."""


class Core(Interface):
    """The state of a client, and its exchanges with the journal."""

    def __init__(
        self,
        redis_url: str | RedisConfig,
        *,
        sender: str = "",
        signing: Signing = UNSIGNED,
        language: Language = "es",
        status_ttl_s: int = DEFAULT_STATUS_TTL_S,
        retries: int = RETRIES,
    ) -> None:
        """`redis_url` is a URL, or a configuration with TLS, a namespace, replicas to wait for.

        `sender` is your service's name: the journal has it with each command, and idempotency keys
        are yours alone. Clients without a name share theirs. Raises ValueError for a wrong name.

        `signing` has the keys that commands are signed with (`Signing.of(key)`).

        `language` is that of envelopes written here, as of a cancelled command.

        `status_ttl_s` (seconds) is how long such a command is kept; `retries` is how often a call
        is tried again where Redis does not answer, up to a second apart.
        """
        self._sender = sending.checked_sender(sender)
        self._signing = signing
        self._language = language
        self._status_ttl_s = status_ttl_s
        self._watch = JournalWatch(RedisConfig.of(redis_url))
        self._journal = self._connect(redis_url, retries)
        # Waiting tries again by itself, within its own deadline.
        self._impatient = self._connect(redis_url, 0)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """A client as the environment says (`producer.settings`). Raises SettingsError."""
        settings = Settings.from_environ(os.environ if environ is None else environ)
        return cls(
            settings.redis,
            sender=settings.sender,
            signing=settings.signing,
            language=settings.language,
            status_ttl_s=settings.status_ttl_s,
        )

    @abstractmethod
    def _connect(self, where: str | RedisConfig, retries: int) -> Connection:
        """A connection; it connects on first use."""

    async def _accept(
        self, order: Order, idempotency_key: str | None, lane: LaneName, metadata: Metadata | None
    ) -> Acceptance:
        with tracing.sent(order.kind, lane) as span:
            call = sending.acceptance(
                order,
                idempotency_key,
                lane,
                self._sender,
                self._signing,
                span.traceparent,
                metadata,
            )
            await self._check_journal()
            accepted = await self._journal(call)
            span.set("messaging.message.id", accepted.id)
        return accepted

    async def _accept_window(
        self, items: list[Item], lane: LaneName, flow: str, on_refused: OnRefused | None
    ) -> Iterator[tuple[Acceptance, Order]]:
        window = sending.Window(items, lane, flow, self._sender, self._signing)
        await self._check_journal()
        return window.accepted(await self._journal.many(window.calls), on_refused)

    async def _status(self, command_id: str, wait: float) -> CommandStatus:
        if wait > 0:
            return await self._ended(command_id, wait)
        await self._check_journal()
        return await self._read(self._journal, command_id)

    async def _envelope(self, command_id: str, timeout: float | None) -> Envelope:
        found = await self._ended(command_id, timeout)
        if found.result is None:
            raise ResultGone(found) if found.ended else WaitTimeout(found)
        return found.result

    async def _cancel(self, command_id: str) -> None:
        await self._check_journal()
        call = sending.cancellation(command_id, self._language, self._status_ttl_s)
        state = await self._known(command_id, await self._journal(call))
        if state is not State.CANCELLED:
            raise NotCancellable(command_id, state)

    async def _failed_ids(self) -> list[list[str]]:
        """The ids of the failed commands, as many together as one round trip reads."""
        await self._check_journal()
        ids = await self._journal(failed.all_failed_ids())
        return [ids[start : start + sending.WINDOW] for start in range(0, len(ids), sending.WINDOW)]

    async def _still_failed(self, ids: list[str]) -> list[FailedCommand]:
        return [
            kept.failed()
            for kept in await self._journal(failed.kept(ids))
            if isinstance(kept, Kept) and kept.state is State.FAILED
        ]

    async def _failed(self, command_id: str) -> Kept:
        await self._check_journal()
        (found,) = await self._journal(failed.kept([command_id]))
        kept: Kept | journalled.RecordDamaged = await self._known(command_id, found)
        if not isinstance(kept, Kept):
            raise RecordDamaged(kept.id, kept.what)
        if kept.state is not State.FAILED:
            raise NotFailed(command_id, kept.state)
        return kept

    async def _replay(self, command_id: str) -> State:
        kept = await self._failed(command_id)
        if (flaw := kept.flaw(self._signing)) is not None:
            raise NotVouchedFor(command_id, flaw)
        call = kept.replayed(self._language, self._status_ttl_s, self._signing)
        return await self._known(command_id, await self._journal(call))

    async def _aclose(self) -> None:
        await self._journal.aclose()
        await self._impatient.aclose()

    async def _check_journal(
        self, journal: Connection | None = None, *, at_once: bool = False
    ) -> None:
        """Raise Unavailable if Redis has lost the journal, or has another one."""
        if at_once or self._watch.due:
            self._watch.see(await (journal or self._journal)(self._watch.look()))
        if (lost := self._watch.refuses) is not None:
            raise JournalUnavailable(lost)

    async def _known(
        self, command_id: str, found: T | None, journal: Connection | None = None
    ) -> T:
        """What was found. Raises CommandNotFound if nothing was."""
        if found is None:
            # A journal that was lost does not say which commands it had accepted.
            await self._check_journal(journal, at_once=True)
            raise CommandNotFound(command_id)
        return found

    async def _read(self, journal: Connection, command_id: str) -> CommandStatus:
        try:
            found = await journal(status(command_id))
        except journalled.RecordDamaged as damaged:
            raise RecordDamaged(damaged.id, damaged.what) from None
        return await self._known(command_id, found, journal)

    async def _ended(self, command_id: str, timeout: float | None) -> CommandStatus:
        """The status at the end state, or after `timeout` seconds; survives lost connections."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            try:
                await self._check_journal(self._impatient)
                async with self._impatient.messages(command_id) as next_message:
                    # The first message confirms the subscription: no later change is missed.
                    while True:
                        await next_message(min(sending.READ_AGAIN_S, sending.left(deadline)))
                        found = await self._read(self._impatient, command_id)
                        if found.ended or sending.left(deadline) == 0:
                            return found
            except (RedisError, OSError, Unavailable) as error:
                if sending.left(deadline) == 0 or sending.other_data(error):
                    raise sending.unavailable(error) from error
            await self._impatient.sleep(min(sending.RECONNECT_S, sending.left(deadline)))
