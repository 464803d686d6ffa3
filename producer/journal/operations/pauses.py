"""Lanes that a person paused: nothing of them is begun until they are resumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from producer.contract import Lane
from producer.journal.redis import keys
from producer.journal.redis.calls import Call, pairs_to_dict


@dataclass(frozen=True, slots=True)
class Pause:
    """Since when a lane is paused, and what the person who paused it gave as the reason."""

    since: datetime
    reason: str


def pause_lane(lane: Lane, reason: str) -> Call[Pause | None]:
    """Begin nothing of the lane from here; what is at Stripe, or uncertain, is finished.

    Answers the pause as it stands: that of before, where the lane was paused already.
    """
    return Call(pause_of, "pause_lane", [lane.value, reason], durable=True)


def resume_lane(lane: Lane) -> Call[bool]:
    """Go on with the lane; answers whether it was paused."""
    return Call(bool, "resume_lane", [lane.value], durable=True)


def paused_lanes() -> Call[dict[Lane, Pause]]:
    """The lanes that are paused."""

    def parse(answers: Any) -> dict[Lane, Pause]:
        told = answers[0] if isinstance(answers[0], dict) else pairs_to_dict(answers[0])
        return pauses_of(told)

    return Call(parse, commands=[("HGETALL", keys.PAUSED)])


def leased() -> Call[int]:
    """How many customers have a command at work now."""
    return Call(int, "count_leases", [])


def pauses_of(told: Mapping[str, str]) -> dict[Lane, Pause]:
    """The pauses that the hash of them holds."""
    return {lane: pause for lane in Lane if (pause := pause_of(told.get(lane.value))) is not None}


def pause_of(told: str | None) -> Pause | None:
    """A pause as the scripts note it."""
    if told is None:
        return None
    at, _, reason = told.partition(" ")
    try:
        return Pause(datetime.fromtimestamp(int(at) / 1000, UTC), reason)
    except (ValueError, OverflowError, OSError):
        return Pause(datetime.fromtimestamp(0, UTC), "")  # damaged, and paused all the same
