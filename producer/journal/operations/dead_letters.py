"""Dead letters: messages that cannot be carried out, kept for the operator to inspect."""

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
    """Why a message was dead-lettered."""

    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NESTED_TOO_DEEP = "nested_too_deep"
    NOT_A_MESSAGE = "not_a_message"  # JSON, but not in Kombu's format
    UNREADABLE_BODY = "unreadable_body"  # content type, encoding, compression, or not JSON
    NOT_A_TASK = "not_a_task"  # headers or body do not follow Celery's protocol
    UNKNOWN_TASK = "unknown_task"
    WRONG_ID = "wrong_id"
    CARD_NUMBER = "card_number"  # a card number in place of an id
    WRONG_ARGUMENTS = "wrong_arguments"  # of a read, or of a message of many commands
    NOT_TAKEN_UP = "not_taken_up"  # rejected by Celery
    JOURNAL_FAULT = "journal_fault"  # the command's data in the journal is damaged
    UNSIGNED = "unsigned"  # although signatures are required
    FORGED = "forged"  # the signature has another key, or signs other content
    STALE = "stale"  # signed too long ago
    ABSENT = "absent"  # the journal has no row of the command, or no longer
    CALLBACK = "callback"  # not a message: a callback that its receiver refused for a day
    DAMAGED_UNACKED = "damaged_unacked"  # an entry of Kombu's unacknowledged messages


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead-lettered message; `size` in bytes, `excerpt` redacted."""

    queue: str
    reason: str
    size: int
    sha256: str
    excerpt: str

    def as_json(self) -> dict[str, Any]:
        """The letter as stored, and as programs read it."""
        return {
            "queue": self.queue,
            "reason": self.reason,
            "size": self.size,
            "sha256": self.sha256,
            "excerpt": self.excerpt,
        }


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A stored dead letter, and when it was stored, by Redis' clock."""

    at: datetime
    letter: DeadLetter


def dead_letter(
    queue: str, reason: DeadReason, raw: bytes, shown: bytes | None = None
) -> DeadLetter:
    """The letter of a message. The excerpt is taken from `shown`, or else from all of `raw`."""
    digest = hashlib.sha256(raw).hexdigest()
    return DeadLetter(
        queue, reason.value, len(raw), digest, excerpt(raw if shown is None else shown)
    )


def set_aside(letter: DeadLetter) -> Call[None]:
    """Dead-letter a message: store the letter among the newest `KEPT`, and count it."""
    fields = {**letter.as_json(), "id": token_urlsafe(9)}
    return Call(lambda _: None, "set_aside", [letter.reason, json.dumps(fields), KEPT])


def letter_counts() -> Call[dict[str, int]]:
    """How many messages were ever dead-lettered, by reason."""

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
        lambda answers: [kept for text in answers[0] if (kept := _kept(text)) is not None],
        commands=[("LRANGE", keys.DEAD_LETTERS, 0, count - 1)],
    )


def clear_letters(count: int) -> Call[None]:
    """Delete the `count` oldest letters; the counts by reason stay."""
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
        return None  # not written by this project
