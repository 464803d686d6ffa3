"""Lanes that the operator paused: none of their commands is started until they are resumed."""

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
    """Since when a lane is paused, and the operator's reason."""

    since: datetime
    reason: str


def pause_lane(lane: Lane, reason: str) -> Call[Pause | None]:
    """Start no more commands of the lane; running and uncertain ones are finished.

    Answers the pause in effect: the earlier one, if the lane was paused already.
    """
    return Call(pause_of, "pause_lane", [lane.value, reason], durable=True)


def resume_lane(lane: Lane) -> Call[bool]:
    """Resume the lane; answers whether it was paused."""
    return Call(bool, "resume_lane", [lane.value], durable=True)


def paused_lanes() -> Call[dict[Lane, Pause]]:
    """The lanes that are paused."""

    def parse(answers: Any) -> dict[Lane, Pause]:
        lanes = answers[0] if isinstance(answers[0], dict) else pairs_to_dict(answers[0])
        return pauses_of(lanes)

    return Call(parse, commands=[("HGETALL", keys.PAUSED)])


def leased() -> Call[int]:
    """How many customers have a running command."""
    return Call(int, "count_leases", [])


def pauses_of(lanes: Mapping[str, str]) -> dict[Lane, Pause]:
    """The pauses in a hash, by lane."""
    return {lane: pause for lane in Lane if (pause := pause_of(lanes.get(lane.value))) is not None}


def pause_of(text: str | None) -> Pause | None:
    """A pause as the scripts write it."""
    if text is None:
        return None
    at, _, reason = text.partition(" ")
    try:
        return Pause(datetime.fromtimestamp(int(at) / 1000, UTC), reason)
    except (ValueError, OverflowError, OSError):
        return Pause(datetime.fromtimestamp(0, UTC), "")  # damaged, but the lane is paused
