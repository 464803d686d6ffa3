"""Dead letters: messages that cannot be carried out, set aside for a person to look at."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from secrets import token_urlsafe
from typing import Any

from producer.contract.card_data.excerpts import excerpt
from producer.journal.redis import keys
from producer.journal.redis.calls import Call, pairs_to_dict

KEPT = 1000


class DeadReason(StrEnum):
    """Why a message was set aside."""

    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NESTED_TOO_DEEP = "nested_too_deep"
    NOT_A_MESSAGE = "not_a_message"  # JSON, but not as Kombu keeps a message
    UNREADABLE_BODY = "unreadable_body"  # content type, encoding, compression, or not JSON
    NOT_A_TASK = "not_a_task"  # headers or body are not those of Celery's protocol
    UNKNOWN_TASK = "unknown_task"
    WRONG_ID = "wrong_id"
    CARD_NUMBER = "card_number"  # where an id should be
    WRONG_ARGUMENTS = "wrong_arguments"  # of a read, or of a message of many commands
    NOT_TAKEN_UP = "not_taken_up"  # refused by Celery
    JOURNAL_FAULT = "journal_fault"  # the journal's data for it are damaged
    UNSIGNED = "unsigned"  # where signatures are demanded
    FORGED = "forged"  # its signature is of another key, or of something else
    STALE = "stale"  # signed too long ago
    ABSENT = "absent"  # of a command that the journal has nothing of, any more
    CALLBACK = "callback"  # of a command's end that its receiver did not take for a day
    DAMAGED_UNACKED = "damaged_unacked"  # an entry of Kombu's unacknowledged messages


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was set aside; `size` in bytes, `excerpt` redacted."""

    queue: str
    reason: str
    size: int
    sha256: str
    excerpt: str

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "queue": self.queue,
            "reason": self.reason,
            "size": self.size,
            "sha256": self.sha256,
            "excerpt": self.excerpt,
        }


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A dead letter, and when it was set aside, by Redis' clock."""

    at: datetime
    letter: DeadLetter


def dead_letter(
    queue: str, reason: DeadReason, raw: bytes, shown: bytes | None = None
) -> DeadLetter:
    """The letter of a message. `shown` is what to take the excerpt of, where not of all of it."""
    digest = hashlib.sha256(raw).hexdigest()
    return DeadLetter(
        queue, reason.value, len(raw), digest, excerpt(raw if shown is None else shown)
    )


def set_aside(letter: DeadLetter) -> Call[None]:
    """Keep the letter, among the newest `KEPT`, and count it."""
    fields = {**letter.as_json(), "id": token_urlsafe(9)}
    return Call(lambda _: None, "set_aside", [letter.reason, json.dumps(fields), KEPT])


def letter_counts() -> Call[dict[str, int]]:
    """How many messages were ever set aside, by reason."""

    def parse(answers: Any) -> dict[str, int]:
        counted = answers[0] if isinstance(answers[0], dict) else pairs_to_dict(answers[0])
        known = {reason.value for reason in DeadReason}
        return {
            reason: int(count)
            for reason, count in sorted(counted.items())
            if reason in known and count.isdecimal()
        }

    return Call(parse, commands=[("HGETALL", keys.DEAD_LETTER_COUNTS)])


def letters(count: int = KEPT) -> Call[list[KeptLetter]]:
    """The newest letters, the newest first."""
    return Call(
        lambda answers: [kept for one in answers[0] if (kept := _kept(one)) is not None],
        commands=[("LRANGE", keys.DEAD_LETTERS, 0, count - 1)],
    )


def clear_letters(count: int) -> Call[None]:
    """Forget so many letters, the oldest first; not how many there ever were."""
    return Call(lambda _: None, commands=[("LTRIM", keys.DEAD_LETTERS, 0, -count - 1)])


def _kept(stored: str) -> KeptLetter | None:
    at, _, text = stored.partition(" ")
    try:
        fields = json.loads(text)
        letter = DeadLetter(
            str(fields["queue"]),
            str(fields["reason"]),
            int(fields["size"]),
            str(fields["sha256"]),
            str(fields["excerpt"]),
        )
        return KeptLetter(datetime.fromtimestamp(int(at) / 1000, UTC), letter)
    except (ValueError, TypeError, KeyError, OverflowError):
        return None  # nobody of ours wrote it
