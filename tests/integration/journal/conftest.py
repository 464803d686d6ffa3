"""A blocking journal on an empty Valkey, and a worker's calls in short form."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
import redis

from producer.contract import CommandKind, Envelope, Lane, State, parse_command
from producer.journal import (
    BlockingJournal,
    ClaimResult,
    ClaimStatus,
    End,
    Grant,
    Retry,
    accept,
    claim,
    claim_next,
    complete,
    status,
)

LEASE_MS = 60_000
LATER_MS = 3_600_000


class Bench:
    """A journal, with a worker's calls as methods."""

    def __init__(self, url: str) -> None:
        self.journal = BlockingJournal(url)
        self.redis = redis.Redis.from_url(url, decode_responses=True)

    def accept_default(
        self, card: str = "card_A", customer: str = "cus_1", lane: Lane = Lane.INTERACTIVE
    ) -> str:
        command = parse_command(
            CommandKind.SET_DEFAULT_CARD, {"userId": customer, "default_source": card}
        )
        return self.journal(accept(command, command_id=str(uuid4()), lane=lane)).id

    def accept_assign(self, token: str = "tok_A", customer: str = "cus_1") -> str:
        command = parse_command(CommandKind.ASSIGN_CARD, {"userId": customer, "source": token})
        return self.journal(accept(command, command_id=str(uuid4()))).id

    def take(self, command_id: str, *, lease_ms: int = LEASE_MS) -> ClaimResult:
        return self.journal(claim(command_id, str(uuid4()), lease_ms))

    def granted(self, command_id: str, *, lease_ms: int = LEASE_MS) -> Grant:
        taken = self.take(command_id, lease_ms=lease_ms)
        assert taken.status is ClaimStatus.GRANTED
        assert taken.grant is not None
        return taken.grant

    def resume(self, customer: str = "cus_1") -> ClaimResult:
        return self.journal(claim_next(customer, str(uuid4()), LEASE_MS))

    def end(
        self, grant: Grant, state: State = State.SUCCEEDED, *, next_holder: str = ""
    ) -> ClaimResult:
        envelope = Envelope.yes("done") if state is State.SUCCEEDED else Envelope.no("no", "no")
        superseded = Envelope.no("superseded", "newer")
        outcome = End(state, 200, envelope, 90_000, superseded)
        return self.journal(complete(grant, outcome, next_holder=next_holder, lease_ms=LEASE_MS))

    def again(
        self,
        grant: Grant,
        *,
        uncertain: bool = False,
        delay_ms: int = LATER_MS,
        next_holder: str = "",
        new_key: bool = False,
    ) -> ClaimResult:
        outcome = Retry(delay_ms, uncertain, "code", "message", new_key=new_key)
        return self.journal(complete(grant, outcome, next_holder=next_holder, lease_ms=LEASE_MS))

    def state(self, command_id: str) -> State:
        found = self.journal(status(command_id))
        assert found is not None
        return found.state

    def expire_lease(self, customer: str = "cus_1") -> None:
        """Let the lease expire: move its end into the past of Redis' own clock."""
        self.redis.hset(f"cards:customer:{customer}", "until", 1)

    def make_due(self, command_id: str, customer: str = "cus_1") -> None:
        self.redis.hset(f"cards:command:{command_id}", "due", 1)
        self.redis.zadd("cards:watch", {customer: 1})


@pytest.fixture
def bench(redis_url: str) -> Iterator[Bench]:
    made = Bench(redis_url)
    yield made
    made.journal.close()
    made.redis.close()
