"""What Stripe told of a customer's cards, and who it was that changed them."""

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
"""How many events a customer has at most."""
# Ids of a migration's commands, which leave the journal once they are recorded, are version 5;
# what SDKs make up for requests of their own is version 4.
_OF_MIGRATION = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}(-\d+)?")


class ChangedBy(StrEnum):
    """Whose request made a change at Stripe."""

    COMMAND = "command"
    MIGRATION = "migration"  # by a command that has left the journal
    ELSEWHERE = "elsewhere"  # the dashboard, other software, or a command whose status is gone


@dataclass(frozen=True, slots=True)
class NotedEvent:
    """An event as it is kept. `defaults` are those that it changed, "" for none any more.

    `command_id` is the command that made the change, and `request` Stripe's id of the request; ""
    where there is none. `read_at` is where the object is read whose change was not told, "" where
    it was.
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
    """Keep the event with its customer for `keep_s` seconds, once however often it is delivered.

    Where it tells of the request of a command that waits for its next try, that is made now.
    Answers that command's id, or "".
    """
    told = {
        "type": event.type,
        "object": event.object,
        "request": event.request,
        "defaults": dict(event.defaults),
        "migration": _OF_MIGRATION.fullmatch(event.key) is not None,
    }
    if event.read_at:
        told["readAt"] = event.read_at
    args: list[str | int] = [event.id, event.customer, event.created, json.dumps(told)]
    args += [int(event.of_cards), event.key, keep_s * 1000, KEPT]
    return Call(str, "note_event", args)


def events_of(customer: str) -> Call[list[NotedEvent]]:
    """The customer's events, the newest first, 20 at most; damaged ones are left out."""

    def parse(answers: Any) -> list[NotedEvent]:
        told = answers[0] if isinstance(answers[0], dict) else pairs_to_dict(answers[0])
        found = [one for item in told.items() if (one := _noted(*item)) is not None]
        return sorted(found, key=lambda one: (one.at, one.id), reverse=True)

    return Call(parse, commands=[("HGETALL", keys.stripe_events(customer))])


def _noted(event_id: str, text: str) -> NotedEvent | None:
    try:
        told, _, command_id = text.partition("\n")
        at, _, told = told.partition(" ")
        known = json.loads(told)
        by = ChangedBy.MIGRATION if known["migration"] else ChangedBy.ELSEWHERE
        return NotedEvent(
            id=event_id,
            type=known["type"],
            at=datetime.fromtimestamp(int(at), UTC),
            changed_by=ChangedBy.COMMAND if command_id else by,
            command_id=command_id,
            object=known["object"],
            request=known["request"],
            defaults=known["defaults"],
            read_at=known.get("readAt", ""),
        )
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        return None
