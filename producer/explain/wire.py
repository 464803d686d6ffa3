"""Explanations as JSON types, for `--json` and the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from producer.explain.command import CommandStory
from producer.explain.customer import Explanation, SlotNow
from producer.journal.commands.stripe_events import NotedEvent
from producer.journal.operations.customers import Told


def explanation_wire(found: Explanation) -> dict[str, Any]:
    """Of a customer."""
    invoiced = found.invoiced
    return {
        "userId": found.record.customer,
        "at": moment_wire(found.record.at),
        "read": found.read is not None and not found.read.code,
        "notRead": found.read.code if found.read and found.read.code else None,
        "invoicesCharge": invoiced.card if invoiced else None,
        "slots": [_slot(one) for one in found.slots],
        **_subscriptions(found),
        "waiting": [
            {**told_wire(one), "waitsFor": found.wait(at).value}
            for at, one in enumerate(found.record.unended)
        ],
        "history": [told_wire(one) for one in found.record.ended],
        "events": [event_wire(one) for one in found.events],
    }


def event_wire(one: NotedEvent) -> dict[str, Any]:
    """An event of Stripe's."""
    return {
        "id": one.id,
        "type": one.type,
        "at": moment_wire(one.at),
        "changedBy": one.changed_by.value,
        "taskId": one.command_id or None,
        "object": one.object or None,
        "stripeRequestId": one.request or None,
        "defaults": dict(one.defaults),
        "readAt": one.read_at or None,
    }


def story_wire(story: CommandStory) -> dict[str, Any]:
    """Of a command."""
    return {
        **told_wire(story.told),
        "userId": story.customer,
        "at": moment_wire(story.at),
        "waitsFor": story.wait.value,
        "behind": story.before,
        "moments": [
            {
                "at": moment_wire(one.at),
                "what": one.what,
                "code": one.code or None,
                "stripeRequestId": one.request or None,
            }
            for one in story.moments
        ],
        "result": story.result,
        "shadowedBy": story.shadowed_by.wire() if story.shadowed_by else None,
    }


def told_wire(one: Told) -> dict[str, Any]:
    """A command in short."""
    return {
        "taskId": one.id,
        "command": one.command,
        "card": one.card or None,
        "slot": one.slot or None,
        "lane": one.lane,
        "state": one.state,
        "attempts": one.attempts,
        "sender": one.sender or None,
        "metadata": dict(one.metadata),
        "migration": one.migration or None,
        "code": one.code or None,
        "message": one.message or None,
        "stripeRequestId": one.request or None,
        "supersededBy": one.superseded_by or None,
        "acceptedAt": moment_wire(one.accepted_at),
        "finishedAt": moment_wire(one.finished_at),
        "nextAttemptAt": moment_wire(one.next_attempt_at),
    }


def moment_wire(at: datetime | None) -> str | None:
    """RFC 3339, to the millisecond."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def _subscriptions(found: Explanation) -> dict[str, Any]:
    own = found.read.subscriptions if found.read else None
    why = found.read.subscriptions_not_read if found.read else "not_asked"
    return {
        "subscriptions": None if own is None else [one.wire() for one in own],
        "subscriptionsNotRead": why or None,
    }


def _slot(one: SlotNow) -> dict[str, Any]:
    return {
        "slot": one.slot.value,
        "card": one.card,
        "invoiced": one.invoiced,
        "origin": one.origin.value,
        "command": told_wire(one.command) if one.command else None,
        "waiting": [waiting.id for waiting in one.waiting],
        "shadowedBy": [shadow.wire() for shadow in one.shadowed_by],
    }
