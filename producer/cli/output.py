"""How the command line shows things: short aligned lines for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from producer.contract.card_data.redaction import redact

if TYPE_CHECKING:
    from producer.contract import CommandStatus
    from producer.journal.operations.failed import FailedCommand

Line = tuple[str, object]
# The width of `accepted`, so that lines printed one by one are aligned too.
_LABEL_WIDTH = 8


def show_json(value: Any) -> None:
    """Print one JSON value on a line."""
    click.echo(json.dumps(value, ensure_ascii=False))


def show(lines: Iterable[Line]) -> None:
    """Print labels and values, aligned, without those that have no value. Tokens are redacted."""
    shown = [(label, value) for label, value in lines if value not in (None, "")]
    width = max(_LABEL_WIDTH, *(len(label) for label, _ in shown), 0)
    for label, value in shown:
        click.echo(redact(f"{label:<{width}}  {_text(value)}"))


def status_lines(status: CommandStatus) -> list[Line]:
    """A command's status, for people."""
    result = status.result
    return [
        ("id", status.id),
        ("command", status.command.value),
        ("customer", status.customer),
        ("lane", status.lane.value),
        ("tags", tags_shown(status.metadata)),
        ("state", status.state.value),
        ("attempts", status.attempts),
        ("accepted", status.accepted_at),
        ("started", status.started_at),
        ("finished", status.finished_at),
        ("next attempt", status.next_attempt_at),
        ("superseded by", status.superseded_by),
        ("message", result.message if result else None),
        ("code", result.code if result else None),
        ("card", _card(result.data) if result else None),
        ("shadowed", str(status.shadowed_by) if status.shadowed_by else None),
        ("advice", _advice(result.data) if result else None),
    ]


def tags_shown(metadata: Mapping[str, str]) -> str:
    """A command's metadata on one line; "" where it has none."""
    return ", ".join(f"{name}={value}" for name, value in metadata.items())


def _advice(data: Any) -> str | None:
    advice = data.get("advice") if isinstance(data, dict) else None
    return advice if isinstance(advice, str) else None


def failed_lines(one: FailedCommand) -> list[Line]:
    """A failed command, for the person who decides whether to replay it."""
    return [
        ("id", one.id),
        ("command", one.order.kind.value),
        ("customer", one.order.customer),
        ("card", one.order.object_id),
        ("lane", one.lane.value),
        ("sender", one.sender or "(gave no name)"),
        ("tags", tags_shown(one.metadata)),
        ("failed", one.failed_at),
        ("attempts", one.attempts),
        ("code", one.code),
        ("last error", one.error),
    ]


def _card(data: Any) -> str | None:
    if not isinstance(data, dict) or "cardId" not in data:
        return None
    return " ".join(str(data[name]) for name in ("cardId", "brand", "last4") if data.get(name))


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    return str(value)
