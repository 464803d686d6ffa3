"""The journal's overall state: workers seen, commands not claimed, whether claiming is stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from producer.contract import Lane
from producer.journal.redis import keys
from producer.journal.redis.calls import Call, scored
from producer.journal.redis.queues import lane_of, queues_of


def heartbeat(ident: str) -> Call[None]:
    """Publish an empty message on the channel of `ident`, so that a subscriber knows it listens."""
    return Call(lambda _: None, commands=[("PUBLISH", keys.changed(ident), "")])


def write_probe() -> Call[None]:
    """Check by a write that Redis accepts writes, and that replicas confirm them if they must."""
    return Call(lambda _: None, commands=[("SET", keys.BARRIER, 1)], durable=True)


@dataclass(frozen=True, slots=True)
class Stop:
    """Why claiming is stopped, and since when (ms since the epoch)."""

    code: str
    message: str
    since_ms: int


def stop_of(fields: Mapping[str, str]) -> Stop | None:
    """The stop in a hash; None if there is none, or it is damaged."""
    try:
        return Stop(fields["code"], fields["message"], int(fields["since"]))
    except (KeyError, ValueError):
        return None


def stopped() -> Call[Stop | None]:
    """Whether Stripe refuses our API key at present, and why."""

    def parse(answers: Any) -> Stop | None:
        code, message, since = answers[0]
        return Stop(code, message, int(since)) if code else None

    return Call(parse, commands=[("HMGET", keys.STOP, "code", "message", "since")])


def workers_seen(within_s: float) -> Call[list[str]]:
    """Workers that swept within the given seconds, by Redis' clock."""

    def parse(answers: Any) -> list[str]:
        (seconds, microseconds), seen = answers
        since = int(seconds) * 1000 + int(microseconds) // 1000 - within_s * 1000
        return [name for name, at in scored(seen) if at >= since]

    reads: list[tuple[str | int, ...]] = [("TIME",), ("ZRANGE", keys.WORKERS, 0, -1, "WITHSCORES")]
    return Call(parse, commands=reads)


def stuck_for(lane: Lane) -> Call[float]:
    """How many seconds commands of the lane have waited while none of the lane was attempted.

    A flood or a rate limit only slows a lane down: some of its commands are attempted.
    """
    return Call(lambda answer: int(answer) / 1000, "stuck", [lane.value, *queues_of(lane)])


@dataclass(frozen=True, slots=True)
class Backlog:
    """The backlog: counts of messages and commands by lane, failed commands, due customers."""

    messages: dict[Lane, int]
    unclaimed: dict[Lane, int]
    failed: int
    watched: int


def backlog() -> Call[Backlog]:
    """The backlog of all lanes."""
    queues = [queue for lane in Lane for queue in queues_of(lane)]

    def parse(counts: Any) -> Backlog:
        messages, unclaimed = dict.fromkeys(Lane, 0), dict.fromkeys(Lane, 0)
        for queue, waiting, commands in zip(queues, counts, counts[len(queues) :], strict=False):
            messages[lane_of(queue)] += waiting
            unclaimed[lane_of(queue)] += commands
        return Backlog(messages, unclaimed, *counts[-2:])

    return Call(parse, "backlog", queues)
