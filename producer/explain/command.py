"""The history of one command, in order of time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from producer.contract import State
from producer.contract.effective_default import Shadow, shadow_in_answer
from producer.explain.waits import Wait, wait_of
from producer.journal.operations.customers import CommandSummary, command_summary

_BEGINNINGS = {"accepted": "accepted", "started": "started", "accepted_again": "replayed"}
_TRY = re.compile(r"try[0-9]{1,2}")


@dataclass(frozen=True, slots=True)
class Moment:
    """An event in a command's history: accepted, started, retrying, unknown, its end."""

    at: datetime
    what: str
    code: str = ""
    request: str = ""
    """Stripe's id of the last request of that attempt."""


@dataclass(frozen=True, slots=True)
class CommandStory:
    """A command, its history, and what it waits for."""

    summary: CommandSummary
    customer: str
    at: datetime
    moments: list[Moment]
    wait: Wait
    before: str | None
    """The customer's earlier command that it waits for."""
    paused: str
    """The operator's reason for pausing its lane; "" if it is not paused, or without a reason."""
    key_code: str
    """Stripe's error code if it refuses the workers' API key; else ""."""
    result: Mapping[str, Any] | None
    """Its envelope, redacted."""
    shadowed_by: Shadow | None = None
    """The default that takes precedence over the one it set, as Stripe answered it then."""


def story_of(command_id: str, exported: Mapping[str, Any]) -> CommandStory:
    """The story of a command, from its export (`producer.journal.operations.exports`)."""
    row: Mapping[str, str] = exported["row"]
    stored = exported["result"]
    result = stored.get("result") if isinstance(stored, dict) else None
    result = result if isinstance(result, dict) else None
    at = datetime.fromtimestamp(exported["exportedAt"] / 1000, UTC)
    summary = command_summary(command_id, row, result or {})
    line: list[str] = exported["customer"]["unended"]
    first = not line or line[0] == command_id or command_id not in line
    paused: Mapping[str, str] = exported["pausedLanes"]
    stop: Mapping[str, str] = exported["stripeKeyRefused"]
    due = summary.next_attempt_at
    return CommandStory(
        summary=summary,
        customer=row.get("user", ""),
        at=at,
        moments=_moments(row, summary),
        wait=wait_of(
            summary.state,
            first=first,
            lane=summary.lane,
            paused=paused,
            stopped=bool(stop),
            due_later=due is not None and due > at,
        ),
        before=None if first else line[0],
        paused=paused.get(summary.lane, "").partition(" ")[2],
        key_code=stop.get("code", ""),
        result=result,
        shadowed_by=shadow_in_answer(summary.slot, summary.card, result) if summary.slot else None,
    )


def _moments(row: Mapping[str, str], summary: CommandSummary) -> list[Moment]:
    """The events by time; those of the same millisecond in their logical order."""
    found = [
        Moment(at, what)
        for name, what in _BEGINNINGS.items()
        if (at := _moment(row.get(name, ""))) is not None
    ]
    found += _attempts(row)
    if (at := _moment(row.get("finished", ""))) is not None:
        # Superseded and cancelled commands were not ended by a request of their own.
        by_request = summary.state in (State.SUCCEEDED, State.REJECTED, State.FAILED)
        found.append(Moment(at, summary.state, summary.code, summary.request if by_request else ""))
    return sorted(found, key=lambda moment: moment.at)


def _attempts(row: Mapping[str, str]) -> list[Moment]:
    """Attempts that led to a retry: lua/leases/complete.lua records the last 20."""
    found = []
    for name, value in row.items():
        words = value.split(" ")
        if not (_TRY.fullmatch(name) and len(words) >= 5 and words[2].isdecimal()):
            continue
        if (at := _moment(words[0])) is not None:
            found.append(
                (at, int(words[2]), Moment(at, words[1], " ".join(words[3:-1]), words[-1]))
            )
    return [moment for _, _, moment in sorted(found, key=lambda attempt: attempt[:2])]


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
