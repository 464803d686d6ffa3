"""What the journal knows of a command, as its status view."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from producer.contract import CommandStatus, Envelope
from producer.journal import keys
from producer.journal.calls import Call, pairs_to_dict
from producer.journal.results import envelope_of


def status(command_id: str) -> Call[CommandStatus | None]:
    """The command's status; None for an id never accepted, or past the time it is kept."""
    return Call(
        lambda answers: _status(command_id, answers[0], answers[1]),
        commands=_reads(command_id),
        durable=True,  # what is told is not taken back by a failover
    )


def statuses(command_ids: Sequence[str]) -> Call[list[CommandStatus | None]]:
    """The statuses of several commands, in one round trip."""
    return Call(
        lambda answers: [
            _status(command_id, answers[2 * i], answers[2 * i + 1])
            for i, command_id in enumerate(command_ids)
        ],
        commands=[read for command_id in command_ids for read in _reads(command_id)],
        durable=True,
    )


def _reads(command_id: str) -> list[tuple[str | int, ...]]:
    return [("HGETALL", keys.command(command_id)), ("GET", keys.result(command_id))]


def _status(command_id: str, hash_: Any, stored: str | None) -> CommandStatus | None:
    row: dict[str, str] = hash_ if isinstance(hash_, dict) else pairs_to_dict(hash_)
    if not row:
        return None
    ended = "finished" in row and stored is not None
    return CommandStatus.model_validate(
        {
            "id": command_id,
            "command": row["kind"],
            "customer": row["user"],
            "lane": row["lane"],
            "state": row["state"],
            "attempts": int(row.get("tries", 0)),
            "accepted_at": _moment(row["accepted"]),
            "started_at": _moment(row.get("started")),
            "finished_at": _moment(row.get("finished")),
            "next_attempt_at": _moment(row.get("due")),
            "superseded_by": row.get("by"),
            "result": Envelope.model_validate(envelope_of(stored)) if ended and stored else None,
            "http_status": int(row["http"]) if ended else None,
        }
    )


def _moment(milliseconds: str | None) -> datetime | None:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC) if milliseconds else None
