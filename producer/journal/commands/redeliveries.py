"""Counts of messages that arrived after their command had ended.

They have no effect. They also occur without an attack: a command is carried out under another
message of its customer, or by the sweep, and a killed worker's message is redelivered. Replayed
messages show only as a rise of the count: nothing in a message tells them apart.
"""

from __future__ import annotations

from typing import Any

from producer.contract import Lane
from producer.journal.redis import keys
from producer.journal.redis.calls import Call, pairs_to_dict


def note_repeats(lane: Lane, count: int) -> Call[None]:
    """Add `count` repeats."""
    return Call(lambda _: None, commands=[("HINCRBY", keys.REPEATS, lane.value, count)])


def repeats() -> Call[dict[str, int]]:
    """How many there ever were, by lane; empty where workers have no signing keys."""

    def parse(answers: Any) -> dict[str, int]:
        counted = answers[0] if isinstance(answers[0], dict) else pairs_to_dict(answers[0])
        lanes = {lane.value for lane in Lane}
        return {k: int(v) for k, v in counted.items() if k in lanes and v.isdecimal()}

    return Call(parse, commands=[("HGETALL", keys.REPEATS)])
