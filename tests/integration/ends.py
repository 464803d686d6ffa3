"""What a worker writes of a command, in short form, for tests of those who wait."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Event, Thread
from typing import Generic, TypeVar
from uuid import uuid4

import redis

from producer.contract import Envelope, Lane, State
from producer.journal import BlockingJournal, End, Grant, backlog, claim, complete

T = TypeVar("T")

YES = Envelope.yes("done", {"cardId": "card_1"})
NO = Envelope.no("card_declined", "Your card was declined.")
GAVE_UP = Envelope.no("api_error", "gave up")


class Ends:
    """Takes commands and ends them."""

    def __init__(self, url: str) -> None:
        self.journal = BlockingJournal(url)
        self.redis = redis.Redis.from_url(url, decode_responses=True)

    def take(self, command_id: str) -> Grant:
        taken = self.journal(claim(command_id, str(uuid4()), 60_000))
        assert taken.grant is not None
        return taken.grant

    def end(self, command_id: str, envelope: Envelope = YES, state: State | None = None) -> None:
        """End a command: succeeded or rejected, as the envelope has it, or as `state` says."""
        state = state or (State.SUCCEEDED if envelope.status else State.REJECTED)
        keep_s = 0 if state is State.FAILED else 90_000
        superseded = Envelope.no("superseded", "newer")
        outcome = End(state, 200, envelope, keep_s, superseded)
        self.journal(complete(self.take(command_id), outcome, next_holder="", lease_ms=60_000))

    def fail(self, command_id: str, code: str = "api_error") -> None:
        """End it as failed, a millisecond before what fails next: failures are listed by time."""
        self.end(command_id, Envelope.no(code, "gave up"), State.FAILED)
        finished = int(self.row(command_id)["finished"])
        until(lambda: _now_ms(self.redis) > finished)

    def row(self, command_id: str) -> dict[str, str]:
        """What the journal holds of a command."""
        found: dict[str, str] = self.redis.hgetall(f"cards:command:{command_id}")  # type: ignore[assignment]
        return found

    def queued(self, lane: Lane) -> int:
        """How many commands of the lane no worker has received."""
        return self.journal(backlog()).unclaimed[lane]

    def listeners(self, command_id: str) -> int:
        """How many wait for the command at present."""
        ((_, count),) = self.redis.pubsub_numsub(self.journal.changed_channel(command_id))
        return int(count)

    def until_listened(self, command_id: str) -> None:
        """Return once somebody waits for the command."""
        until(lambda: self.listeners(command_id) == 1)

    def until_not_listened(self, command_id: str) -> None:
        """Return once nobody waits for the command."""
        until(lambda: self.listeners(command_id) == 0)

    def close(self) -> None:
        self.journal.close()
        self.redis.close()


def until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds; the test's own timeout bounds it."""
    pause = Event()
    while not condition():
        pause.wait(0.005)


class InBackground(Generic[T]):
    """Runs a function on a thread; `result` answers what it returned, or raises what it raised."""

    def __init__(self, function: Callable[[], T]) -> None:
        self._future: Future[T] = Future()
        self._thread = Thread(target=self._run, args=(function,), daemon=True)
        self._thread.start()

    def _run(self, function: Callable[[], T]) -> None:
        try:
            self._future.set_result(function())
        except BaseException as error:
            self._future.set_exception(error)

    @property
    def done(self) -> bool:
        return self._future.done()

    def result(self) -> T:
        return self._future.result()


def _now_ms(redis: redis.Redis) -> int:
    seconds, microseconds = redis.time()
    return int(seconds) * 1000 + int(microseconds) // 1000
