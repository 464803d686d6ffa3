"""The journal's data about one customer: its open commands, and its latest ended ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from producer.contract import CommandKind, Lane
from producer.contract.card_data.card_numbers import mask_card_numbers
from producer.contract.card_data.redaction import redact
from producer.contract.metadata import stored_metadata
from producer.journal.commands.results import envelope_of
from producer.journal.operations.health import Stop, stop_of
from producer.journal.operations.pauses import Pause, pauses_of
from producer.journal.redis.calls import Call, pairs_to_dict

_UNENDED = 100


@dataclass(frozen=True, slots=True)
class CommandSummary:
    """A command as shown to the operator. Texts are redacted but otherwise untrusted."""

    id: str
    command: str
    card: str
    """The card to make the default, or the card that was attached; "" if unknown."""
    slot: str
    lane: str
    state: str
    attempts: int
    sender: str
    migration: str
    code: str
    message: str
    request: str
    """Stripe's id of the last request of the last attempt; "" if there was none."""
    superseded_by: str
    accepted_at: datetime | None
    finished_at: datetime | None
    next_attempt_at: datetime | None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """Up to 100 open commands (`unended`) in their order, and up to 50 ended ones, newest first."""

    customer: str
    at: datetime
    unended: list[CommandSummary]
    ended: list[CommandSummary]
    at_work: bool
    stop: Stop | None
    paused: Mapping[Lane, Pause]


def customer_record(customer: str) -> Call[CustomerRecord]:
    """The customer's record; without commands for an unknown customer."""

    def parse(answer: Any) -> CustomerRecord:
        unended, ended, lease, stop, paused, now = answer
        held = pairs_to_dict(lease)
        return CustomerRecord(
            customer,
            datetime.fromtimestamp(int(now) / 1000, UTC),
            [_summary(*row) for row in unended],
            [_summary(*row) for row in ended],
            bool(held.get("holder")) and _number(held.get("until")) > int(now),
            stop_of(pairs_to_dict(stop)),
            pauses_of(pairs_to_dict(paused)),
        )

    return Call(parse, "customer", [customer, _UNENDED])


def command_summary(
    command_id: str, row: Mapping[str, str], result: Mapping[str, Any]
) -> CommandSummary:
    """The command, from its row and its envelope, which is empty if unknown."""
    data = result.get("data")
    card = row.get("card", "")
    if row.get("kind") != CommandKind.SET_DEFAULT_CARD:
        # The row has the token until it is attached, then nothing: the result has the card's id.
        card = str(data.get("cardId", "")) if isinstance(data, dict) else redact(card)
    return CommandSummary(
        id=command_id,
        command=row.get("kind", ""),
        card=mask_card_numbers(card),
        slot=row.get("slot", ""),
        lane=row.get("lane", ""),
        state=row.get("state", ""),
        attempts=_number(row.get("tries")),
        sender=_shown(row.get("sender", "")),
        migration=row.get("migration", ""),
        code=_shown(str(result.get("code") or row.get("code", ""))),
        message=_shown(str(result.get("message") or row.get("error", ""))),
        request=row.get("request", ""),
        superseded_by=row.get("by", ""),
        accepted_at=_moment(row.get("accepted")),
        finished_at=_moment(row.get("finished")),
        next_attempt_at=_moment(row.get("due")),
        metadata=stored_metadata(row.get("metadata", "")),
    )


def _summary(command_id: str, flat: Any, stored: Any) -> CommandSummary:
    return command_summary(command_id, pairs_to_dict(flat), _result(stored))


def _result(stored: Any) -> Mapping[str, Any]:
    try:
        found = envelope_of(stored) if stored else None
    except (KeyError, ValueError, TypeError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}


def _shown(text: str) -> str:
    return mask_card_numbers(redact(text))


def _number(text: str | None) -> int:
    try:
        return int(text or 0)
    except ValueError:
        return 0


def _moment(text: str | None) -> datetime | None:
    milliseconds = _number(text)
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
    except (ValueError, OverflowError, OSError):
        return None
