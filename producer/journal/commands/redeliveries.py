"""Messages that came for a command when it had ended.

They have no effect. They also come without anybody's ill will: a command is carried out under
another's message of its customer, or by a sweep, and a message in a killed worker's hands comes
again. A replay shows as a rise, and can be told from those by nothing that a message holds.
"""

from __future__ import annotations

from typing import Any

from producer.contract import Lane
from producer.journal.redis import keys
from producer.journal.redis.calls import Call, pairs_to_dict


def note_repeats(lane: Lane, count: int) -> Call[None]:
    """Count so many more."""
    return Call(lambda _: None, commands=[("HINCRBY", keys.REPEATS, lane.value, count)])


def repeats() -> Call[dict[str, int]]:
    """How many there ever were, by lane; none where workers have no signing keys."""

    def parse(answers: Any) -> dict[str, int]:
        counted = answers[0] if isinstance(answers[0], dict) else pairs_to_dict(answers[0])
        lanes = {lane.value for lane in Lane}
        return {k: int(v) for k, v in counted.items() if k in lanes and v.isdecimal()}

    return Call(parse, commands=[("HGETALL", keys.REPEATS)])
