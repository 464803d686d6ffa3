"""Who is to be told of a command's end: kept with the command, taken by workers when it is due."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from producer.journal.redis import keys
from producer.journal.redis.calls import Call

# As long as an idempotency key: ample for any command to end. Its end begins that time anew.
_KEEP_MS = 8 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class DueCallback:
    """An end that is to be told of now. Times in ms, by Redis' clock."""

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
    """Have the command's end told to the URL. Written before the command is accepted."""
    write: tuple[str | int, ...] = ("SET", keys.callback(command_id), url, "PX", _KEEP_MS)
    return Call(lambda _: None, commands=[write], durable=True)


def unwant_callback(command_id: str) -> Call[None]:
    """Forget the URL, of a command that was not accepted."""
    return Call(lambda _: None, commands=[("DEL", keys.callback(command_id))])


def take_callbacks(limit: int, lease_ms: int) -> Call[list[DueCallback]]:
    """Take ends that are due. Who does not settle one or put it off within the lease loses it."""

    def parse(answer: Any) -> list[DueCallback]:
        now, found = answer
        taken = []
        for member, url in found:
            ended, _, command_id = member.partition(" ")
            taken.append(DueCallback(command_id, url, int(ended), int(now)))
        return taken

    return Call(parse, "take_callbacks", [limit, lease_ms])


def settle_callback(due: DueCallback) -> Call[None]:
    """It was told, or is to be told no more."""
    return Call(lambda _: None, commands=[("ZREM", keys.CALLBACKS, due.member)])


def put_off_callback(due: DueCallback, delay_ms: int) -> Call[None]:
    """Try again after the delay."""
    at = due.now_ms + delay_ms
    return Call(lambda _: None, commands=[("ZADD", keys.CALLBACKS, "XX", at, due.member)])
