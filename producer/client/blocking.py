"""The client for services that block: send commands, wait for envelopes, read statuses."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Self
from uuid import uuid4

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
from producer.client.sending import Item, LaneName, Metadata, OnRefused, Order
from producer.contract import CommandStatus, Envelope, Lane, Refusal, State
from producer.contract.messages import Language
from producer.journal import Acceptance, BlockingJournal, JournalUnavailable, JournalWatch, status
from producer.journal.operations import failed
from producer.journal.operations.failed import FailedCommand, Kept
from producer.journal.redis.connection import RETRIES
from producer.observability import tracing
from producer.redis import RedisConfig
from producer.security.command_signatures import UNSIGNED, Signing
from producer.settings import DEFAULT_STATUS_TTL_S, Settings

if TYPE_CHECKING:
    from redis.client import PubSub


@dataclass(frozen=True, slots=True)
class CommandHandle:
    """An accepted command. `known` tells that its idempotency key had been accepted before."""

    id: str
    order: Order
    known: bool
    _client: CardCommands = field(repr=False, compare=False)

    def wait(self, timeout: float | None = 10.0) -> Envelope:
        """The command's envelope, once it has ended. See `CardCommands.wait`."""
        return self._client.wait(self.id, timeout)

    def status(self) -> CommandStatus:
        """Where the command stands. See `CardCommands.status`."""
        return self._client.status(self.id)


class CardCommands:
    """Sends card commands and tells what became of them.

    Talks to Redis alone; a call that returns a handle has made the command durable. Connects on
    first use, and may be shared by threads.
    """

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
        self._journal = BlockingJournal(redis_url, retries=retries)
        # Waiting tries again by itself, within its own deadline.
        self._watch = JournalWatch(RedisConfig.of(redis_url))
        self._impatient = BlockingJournal(redis_url, retries=0)

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

    def assign(
        self,
        *,
        customer: str,
        source: str,
        idempotency_key: str | None = None,
        lane: LaneName = Lane.INTERACTIVE,
        metadata: Metadata | None = None,
    ) -> CommandHandle:
        """Attach a token (`tok_`, `src_`, `pm_`) to a customer. Raises as `send` does."""
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
        """Make an attached card (`card_`, `src_`, `pm_`) the default. Raises as `send` does."""
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
        """Have a command accepted.

        `metadata` are tags of yours: at most 10, 1 kB together, names of a-z, 0-9, _ and -. They
        change nothing that is done, and are told with the command's status.

        Raises:
            Refusal: the order, its key, lane or metadata is not acceptable; nothing was accepted.
            Unavailable: Redis is out of reach. Whether the command was accepted is not known:
                send it again under the same idempotency key.
        """
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
            self._same_journal(self._journal)
            accepted = self._journal(call)
            span.set("messaging.message.id", accepted.id)
        return self._handle(accepted, order)

    def send_many(
        self,
        items: Iterable[Item],
        *,
        lane: LaneName = Lane.BULK,
        on_refused: OnRefused | None = None,
    ) -> Iterator[CommandHandle]:
        """Have many commands accepted, 500 in a round trip; yields their handles in order.

        Items are orders, (order, idempotency key) or (order, key or None, metadata); they are drawn
        as the handles are, so memory stays flat. A refused item goes to `on_refused`, or, without
        one, is raised once all that precede it have been yielded.

        Raises:
            Refusal: as `send` does; items of the same 500 may have been accepted.
            Unavailable: as `send` does, for the 500 under way. Keys make repeating safe.
        """
        source, flow = iter(items), uuid4().hex
        while chunk := list(islice(source, sending.WINDOW)):
            window = sending.Window(chunk, lane, flow, self._sender, self._signing)
            self._same_journal(self._journal)
            for item, outcome in window.outcomes(self._journal.many(window.calls)):
                if not isinstance(outcome, Refusal):
                    yield self._handle(outcome, sending.split(item)[0])
                elif on_refused is None:
                    raise outcome
                else:
                    on_refused(item, outcome)

    def status(self, command_id: str, *, wait: float = 0.0) -> CommandStatus:
        """Where a command stands: as soon as it has ended, or after `wait` seconds.

        Raises:
            CommandNotFound: the id was never accepted, or is no longer kept.
            RecordDamaged: what the journal holds of it cannot be read.
            Unavailable: Redis is out of reach, or has lost what it had (`other_data`).
        """
        if wait > 0:
            return self._ended(command_id, wait)
        self._same_journal(self._journal)
        return self._read(self._journal, command_id)

    def wait(self, command_id: str, timeout: float | None = 10.0) -> Envelope:
        """A command's envelope, once it has ended; `timeout` in seconds, None for ever.

        An envelope of status false is an answer, not an error.

        Raises:
            WaitTimeout: it has not ended in time; it goes on by itself.
            ResultGone: it ended, and its envelope was deleted or is damaged.
            CommandNotFound, RecordDamaged, Unavailable: as `status` does.
        """
        found = self._ended(command_id, timeout)
        if found.result is None:
            raise ResultGone(found) if found.ended else WaitTimeout(found)
        return found.result

    def cancel(self, command_id: str) -> None:
        """Cancel a command that was not sent yet.

        Raises:
            NotCancellable: it was sent, or has ended.
            CommandNotFound, Unavailable: as `status` does.
        """
        self._same_journal(self._journal)
        state = self._journal(sending.cancellation(command_id, self._language, self._status_ttl_s))
        if state is None:
            self._same_journal(self._journal, now=True)
            raise CommandNotFound(command_id)
        if state is not State.CANCELLED:
            raise NotCancellable(command_id, state)

    def failed(self) -> Iterator[FailedCommand]:
        """The failed commands, the oldest first. Raises Unavailable."""
        self._same_journal(self._journal)
        ids = self._journal(failed.all_failed_ids())
        for start in range(0, len(ids), sending.WINDOW):
            for one in self._journal(failed.kept(ids[start : start + sending.WINDOW])):
                if isinstance(one, Kept) and one.state is State.FAILED:
                    yield one.failed()

    def failed_command(self, command_id: str) -> FailedCommand:
        """One failed command. Raises NotFailed, CommandNotFound or Unavailable."""
        return self._failed(command_id).failed()

    def replay(self, command_id: str) -> State:
        """Take a failed command up again, under its id; answers the state it is in then.

        That is `superseded` where a newer command of its customer was applied since.

        Raises:
            NotFailed: it has not failed.
            NotVouchedFor: its signature is missing or wrong.
            CommandNotFound, RecordDamaged, Unavailable: as `status` does.
        """
        found = self._failed(command_id)
        if (flaw := found.flaw(self._signing)) is not None:
            raise NotVouchedFor(command_id, flaw)
        call = found.replayed(self._language, self._status_ttl_s, self._signing)
        state = self._journal(call)
        if state is None:
            self._same_journal(self._journal, now=True)
            raise CommandNotFound(command_id)
        return state

    def close(self) -> None:
        """Close the connections."""
        self._journal.close()
        self._impatient.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _same_journal(self, journal: BlockingJournal, *, now: bool = False) -> None:
        """Raise Unavailable where Redis has lost the journal, or is another one."""
        if now or self._watch.due:
            self._watch.see(journal(self._watch.look()))
        if (lost := self._watch.refuses) is not None:
            raise JournalUnavailable(lost)

    def _handle(self, accepted: Acceptance, order: Order) -> CommandHandle:
        return CommandHandle(accepted.id, order, accepted.known, self)

    def _failed(self, command_id: str) -> Kept:
        self._same_journal(self._journal)
        (found,) = self._journal(failed.kept([command_id]))
        if found is None:
            self._same_journal(self._journal, now=True)
            raise CommandNotFound(command_id)
        if not isinstance(found, Kept):
            raise RecordDamaged(found.id, found.what)
        if found.state is not State.FAILED:
            raise NotFailed(command_id, found.state)
        return found

    def _read(self, journal: BlockingJournal, command_id: str) -> CommandStatus:
        try:
            found = journal(status(command_id))
        except journalled.RecordDamaged as damaged:
            raise RecordDamaged(damaged.id, damaged.what) from None
        if found is None:
            # Of a journal that was lost nobody can say what it had not accepted.
            self._same_journal(journal, now=True)
            raise CommandNotFound(command_id)
        return found

    def _ended(self, command_id: str, timeout: float | None) -> CommandStatus:
        """The status at the end state, or after `timeout` seconds; survives lost connections."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            try:
                self._same_journal(self._impatient)
                with self._impatient.subscription() as changes:
                    changes.subscribe(self._impatient.changed_channel(command_id))
                    return self._listen(changes, command_id, deadline)
            except (RedisError, OSError, Unavailable) as error:
                if sending.left(deadline) == 0 or sending.other_data(error):
                    raise sending.unavailable(error) from error
            time.sleep(min(sending.RECONNECT_S, sending.left(deadline)))

    def _listen(self, changes: PubSub, command_id: str, deadline: float | None) -> CommandStatus:
        # The first message confirms the subscription: what is published from here on is heard.
        while True:
            changes.get_message(timeout=min(sending.READ_AGAIN_S, sending.left(deadline)))
            found = self._read(self._impatient, command_id)
            if found.ended or sending.left(deadline) == 0:
                return found
