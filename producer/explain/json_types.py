"""Explanations as JSON types, for `--json` and the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from producer.explain.command import CommandStory
from producer.explain.customer import Explanation, SlotNow
from producer.journal.commands.stripe_events import NotedEvent
from producer.journal.operations.customers import CommandSummary


def explanation_wire(found: Explanation) -> dict[str, Any]:
    """A customer's explanation."""
    invoiced = found.invoiced
    return {
        "userId": found.record.customer,
        "at": moment_wire(found.record.at),
        "read": found.read is not None and not found.read.code,
        "notRead": found.read.code if found.read and found.read.code else None,
        "invoicesCharge": invoiced.card if invoiced else None,
        "slots": [_slot(slot) for slot in found.slots],
        **_subscriptions(found),
        "waiting": [
            {**command_wire(command), "waitsFor": found.wait(at).value}
            for at, command in enumerate(found.record.unended)
        ],
        "history": [command_wire(command) for command in found.record.ended],
        "events": [event_wire(event) for event in found.events],
    }


def event_wire(event: NotedEvent) -> dict[str, Any]:
    """A Stripe event."""
    return {
        "id": event.id,
        "type": event.type,
        "at": moment_wire(event.at),
        "changedBy": event.changed_by.value,
        "taskId": event.command_id or None,
        "object": event.object or None,
        "stripeRequestId": event.request or None,
        "defaults": dict(event.defaults),
        "readAt": event.read_at or None,
    }


def story_wire(story: CommandStory) -> dict[str, Any]:
    """A command's story."""
    return {
        **command_wire(story.summary),
        "userId": story.customer,
        "at": moment_wire(story.at),
        "waitsFor": story.wait.value,
        "behind": story.before,
        "moments": [
            {
                "at": moment_wire(moment.at),
                "what": moment.what,
                "code": moment.code or None,
                "stripeRequestId": moment.request or None,
            }
            for moment in story.moments
        ],
        "result": story.result,
        "shadowedBy": story.shadowed_by.wire() if story.shadowed_by else None,
    }


def command_wire(command: CommandSummary) -> dict[str, Any]:
    """A command's summary."""
    return {
        "taskId": command.id,
        "command": command.command,
        "card": command.card or None,
        "slot": command.slot or None,
        "lane": command.lane,
        "state": command.state,
        "attempts": command.attempts,
        "sender": command.sender or None,
        "metadata": dict(command.metadata),
        "migration": command.migration or None,
        "code": command.code or None,
        "message": command.message or None,
        "stripeRequestId": command.request or None,
        "supersededBy": command.superseded_by or None,
        "acceptedAt": moment_wire(command.accepted_at),
        "finishedAt": moment_wire(command.finished_at),
        "nextAttemptAt": moment_wire(command.next_attempt_at),
    }


def moment_wire(at: datetime | None) -> str | None:
    """The time in RFC 3339, to the millisecond."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def _subscriptions(found: Explanation) -> dict[str, Any]:
    own = found.read.subscriptions if found.read else None
    why = found.read.subscriptions_not_read if found.read else "not_asked"
    return {
        "subscriptions": None if own is None else [subscription.wire() for subscription in own],
        "subscriptionsNotRead": why or None,
    }


def _slot(slot: SlotNow) -> dict[str, Any]:
    return {
        "slot": slot.slot.value,
        "card": slot.card,
        "invoiced": slot.invoiced,
        "origin": slot.origin.value,
        "command": command_wire(slot.command) if slot.command else None,
        "waiting": [waiting.id for waiting in slot.waiting],
        "shadowedBy": [shadow.wire() for shadow in slot.shadowed_by],
    }
