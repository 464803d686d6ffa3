"""Stripe events about a customer's cards, and who caused each change."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from producer.contract.stripe_events import StripeEvent
from producer.journal.redis import keys
from producer.journal.redis.calls import Call, pairs_to_dict

KEPT = 20
"""How many events are kept for each customer."""
# Ids of a migration's commands, which leave the journal once recorded, are UUIDs of version 5; SDKs
# generate UUIDs of version 4 for their own requests.
_OF_MIGRATION = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}(-\d+)?")


class ChangedBy(StrEnum):
    """The origin of the request that made a change at Stripe."""

    COMMAND = "command"
    MIGRATION = "migration"  # by a command that has left the journal
    ELSEWHERE = "elsewhere"  # the dashboard, other software, or a command whose status is gone


@dataclass(frozen=True, slots=True)
class NotedEvent:
    """A stored event. `defaults` are the defaults it changed; "" means there is none any more.

    `command_id` is the command that made the change, and `request` Stripe's id of the request; ""
    if there is none. `read_at` is the path to read the object at, where the event did not contain
    the change; else "".
    """

    id: str
    type: str
    at: datetime
    changed_by: ChangedBy
    command_id: str
    object: str
    request: str
    defaults: Mapping[str, str] = field(default_factory=dict)
    read_at: str = ""


def note_event(event: StripeEvent, *, keep_s: int) -> Call[str]:
    """Store the event with its customer for `keep_s` seconds, once however often it is delivered.

    If it confirms the request of a command that waits for its next attempt, that attempt is due
    now; answers that command's id, else "".
    """
    kept = {
        "type": event.type,
        "object": event.object,
        "request": event.request,
        "defaults": dict(event.defaults),
        "migration": _OF_MIGRATION.fullmatch(event.key) is not None,
    }
    if event.read_at:
        kept["readAt"] = event.read_at
    args: list[str | int] = [event.id, event.customer, event.created, json.dumps(kept)]
    args += [int(event.of_cards), event.key, keep_s * 1000, KEPT]
    return Call(str, "note_event", args)


def events_of(customer: str) -> Call[list[NotedEvent]]:
    """The customer's events, the newest first, 20 at most; damaged ones are left out."""

    def parse(answers: Any) -> list[NotedEvent]:
        stored = answers[0] if isinstance(answers[0], dict) else pairs_to_dict(answers[0])
        events = [event for item in stored.items() if (event := _noted(*item)) is not None]
        return sorted(events, key=lambda event: (event.at, event.id), reverse=True)

    return Call(parse, commands=[("HGETALL", keys.stripe_events(customer))])


def _noted(event_id: str, text: str) -> NotedEvent | None:
    try:
        event, _, command_id = text.partition("\n")
        at, _, kept = event.partition(" ")
        fields = json.loads(kept)
        by = ChangedBy.MIGRATION if fields["migration"] else ChangedBy.ELSEWHERE
        return NotedEvent(
            id=event_id,
            type=fields["type"],
            at=datetime.fromtimestamp(int(at), UTC),
            changed_by=ChangedBy.COMMAND if command_id else by,
            command_id=command_id,
            object=fields["object"],
            request=fields["request"],
            defaults=fields["defaults"],
            read_at=fields.get("readAt", ""),
        )
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        return None
