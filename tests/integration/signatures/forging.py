"""A stage whose worker has signing keys, and an attacker with write access to its Redis."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import uuid4

from producer import CardCommands
from producer.contract import Envelope, Lane, SetDefaultCard, State
from producer.journal import End, accept, claim, complete
from producer.journal.commands.messages import task_message
from producer.journal.operations.dead_letters import DeadReason, KeptLetter, letters
from producer.security.command_signatures import UNSIGNED, Signing
from tests.crash.stage import Stage
from tests.crash.worker_process import wait_until

KEY, OLD_KEY, FOREIGN_KEY = "k" * 40, "o" * 40, "f" * 40
SIGNING, FOREIGN = Signing.of(KEY), Signing.of(FOREIGN_KEY)
DEMANDED = Signing(SIGNING.keys, required=True)
MAX_AGE_S = 3600
_SUPERSEDED = Envelope.no("superseded", "-")


class Forging(Stage):
    """Its client signs; its own pushes and writes are signed only as asked."""

    def __init__(self, directory: Path, **settings: str) -> None:
        super().__init__(directory)
        self.client.close()
        self.client = CardCommands(self.valkey.url, signing=DEMANDED)
        keys = f"{KEY},{OLD_KEY}"
        max_age = str(MAX_AGE_S)
        self.one = self.worker(
            "one",
            "interactive,bulk",
            CARDS_SIGNING_KEYS=keys,
            CARDS_SIGNATURE_MAX_AGE=max_age,
            **settings,
        )

    def push(self, text: str, lane: Lane = Lane.INTERACTIVE) -> None:
        """Put a message into a lane's queue."""
        self.redis.lpush(lane.value, text)

    def journalled(
        self, customer: str, signing: Signing = SIGNING, sender: str = ""
    ) -> tuple[str, SetDefaultCard]:
        """A row of the customer's second card, without a message yet."""
        order, command = self.order(customer), str(uuid4())
        self.journal(
            accept(order, command_id=command, message_received=True, signing=signing, sender=sender)
        )
        # Otherwise the sweep would find it.
        self.redis.zrem("cards:queued:interactive", command)
        return command, order

    def failed(self, customer: str, signing: Signing = SIGNING) -> str:
        """A failed command with a signature of any age."""
        command, _ = self.journalled(customer, signing)
        grant = self.journal(claim(command, "nobody", 15_000, in_order=False)).grant
        assert grant is not None
        end = End(State.FAILED, 502, Envelope.no("api_error", "gave up"), 0, _SUPERSEDED)
        self.journal(complete(grant, end, next_holder="", lease_ms=15_000))
        assert self.status(command).state is State.FAILED
        return command

    def change_row(self, command: str, **fields: Any) -> None:
        """Change a row's fields, as only the journal should."""
        mapping: dict[Any, Any] = {**fields}
        self.redis.hset(f"cards:command:{command}", mapping=mapping)

    def write_row(self, command: str, row: dict[str, str]) -> None:
        """Write a new row, so that workers find it."""
        self.change_row(command, **row)
        self.redis.zadd(f"cards:pending:{row['user']}", {command: int(row["seq"])})
        self.redis.hset(f"cards:customer:{row['user']}", "called", row["seq"])
        self.redis.zadd("cards:watch", {row["user"]: 1})

    def answered(self, command: str, code: str) -> None:
        """Wait until the command of a bare message is rejected."""
        wait_until(lambda: self.status_or_none(command), f"{command} is not journalled")
        result = self.ended(command, State.REJECTED).result
        assert result is not None
        assert result.code == code

    def letter(self, reason: DeadReason, about: str) -> KeptLetter:
        """Wait for a dead letter with that reason and this text."""
        found: list[KeptLetter] = []

        def there() -> bool:
            found[:] = [
                one
                for one in self.journal(letters())
                if one.letter.reason == reason.value and about in one.letter.excerpt
            ]
            return bool(found)

        wait_until(there, f"no dead letter {reason} of {about}: {self.journal(letters())}")
        return found[0]

    def sent(self, customer: str) -> list[tuple[str, str]]:
        """All requests about the customer that reached Stripe, including reads."""
        return [
            (one["method"], one["path"])
            for one in self.stripe.requests()
            if customer in (one["path"], one["customer"]) or f"/{customer}" in one["path"]
        ]


@contextmanager
def signed_ago(seconds: float) -> Iterator[None]:
    """Signatures made within were made that long ago."""
    import time

    now = time.time() - seconds
    with mock.patch("producer.security.command_signatures.time.time", return_value=now):
        yield


def changed(text: str, **headers: Any) -> str:
    """A message with changed headers; None removes one."""
    one = json.loads(text)
    for name, value in headers.items():
        one["headers"].pop(name.replace("_", "-"), None)
        if value is not None:
            one["headers"][name.replace("_", "-")] = value
    return json.dumps(one)


def with_body(text: str, old: str, new: str) -> str:
    """A message with a changed body."""
    one = json.loads(text)
    assert old in one["body"]
    one["body"] = one["body"].replace(old, new)
    return json.dumps(one)


def wake(order: SetDefaultCard, command: str, signing: Signing = UNSIGNED) -> str:
    """The message of a journalled command."""
    return task_message(order, command, Lane.INTERACTIVE.value, signing=signing)
