"""Callbacks: URLs to notify of a command's end; stored with the command, claimed when due."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from producer.journal.redis import keys
from producer.journal.redis.calls import Call

# As long as an idempotency key: longer than any command takes. The command's end renews the time.
_KEEP_MS = 8 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class DueCallback:
    """An end that is due to be reported. Times in ms, by Redis' clock."""

    command_id: str
    url: str = field(repr=False)
    ended_ms: int
    now_ms: int

    @property
    def member(self) -> str:
        """Its name in the journal."""
        return f"{self.ended_ms} {self.command_id}"

    @property
    def age_ms(self) -> int:
        """How long ago the command ended."""
        return max(0, self.now_ms - self.ended_ms)


def want_callback(command_id: str, url: str) -> Call[None]:
    """Store the URL to notify of the command's end, before the command is accepted."""
    write: tuple[str | int, ...] = ("SET", keys.callback(command_id), url, "PX", _KEEP_MS)
    return Call(lambda _: None, commands=[write], durable=True)


def unwant_callback(command_id: str) -> Call[None]:
    """Remove the URL of a command that was not accepted."""
    return Call(lambda _: None, commands=[("DEL", keys.callback(command_id))])


def take_callbacks(limit: int, lease_ms: int) -> Call[list[DueCallback]]:
    """Claim due ends. One that is neither settled nor put off within the lease is due again."""

    def parse(answer: Any) -> list[DueCallback]:
        now, due = answer
        claimed = []
        for member, url in due:
            ended, _, command_id = member.partition(" ")
            claimed.append(DueCallback(command_id, url, int(ended), int(now)))
        return claimed

    return Call(parse, "take_callbacks", [limit, lease_ms])


def settle_callback(due: DueCallback) -> Call[None]:
    """Remove a callback that was delivered or given up."""
    return Call(lambda _: None, commands=[("ZREM", keys.CALLBACKS, due.member)])


def put_off_callback(due: DueCallback, delay_ms: int) -> Call[None]:
    """Retry the callback after the delay."""
    at = due.now_ms + delay_ms
    return Call(lambda _: None, commands=[("ZADD", keys.CALLBACKS, "XX", at, due.member)])
