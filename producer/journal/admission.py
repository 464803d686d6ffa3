"""Admission: a command gets its row, its place in the order and its message in one step."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from producer.contract import AssignCard, CommandKind, Lane, SetDefaultCard
from producer.contract.messages import Text
from producer.contract.refusals import IdempotencyKeyReused
from producer.journal.calls import Call
from producer.journal.messages import task_message
from producer.journal.results import celery_result

# Ample for any command to end; at its end it is set to the time its status is kept (>= 24 h).
_IDEMPOTENCY_MS = 8 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The command's id, and whether it had been accepted before under its idempotency key."""

    id: str
    known: bool = False


def accept(
    command: AssignCard | SetDefaultCard,
    *,
    command_id: str,
    lane: Lane = Lane.INTERACTIVE,
    idempotency_key: str | None = None,
    in_hand: bool = False,
) -> Call[Acceptance]:
    """Accept the command, once however often it is run.

    Row and message are written by one script, so no crash leaves one without the other. With
    `in_hand` the message is already with a worker and only the row is written.

    Raises (when run):
        IdempotencyKeyReused: the key was used with another body.
    """
    fields = command.kwargs()
    queue = lane.value
    message = "" if in_hand else task_message(command, command_id, queue)
    slot = command.slot.value if isinstance(command, SetDefaultCard) else ""
    return Call(
        _acceptance,
        "accept",
        [
            command_id,
            command.kind.value,
            command.customer,
            command.object_id,
            lane.value,
            slot,
            _digest(idempotency_key) if idempotency_key else "",
            _digest(json.dumps([command.kind.value, fields], sort_keys=True)),
            _IDEMPOTENCY_MS,
            queue,
            message,
        ],
    )


def _acceptance(answer: Any) -> Acceptance:
    verdict, command_id = answer
    if verdict == "reused":
        raise IdempotencyKeyReused(Text.KEY_REUSED)
    return Acceptance(command_id, known=verdict == "known")


def refuse(
    command_id: str,
    kind: CommandKind,
    customer: str,
    lane: Lane,
    *,
    http_status: int,
    envelope: dict[str, Any],
    keep_s: int,
) -> Call[bool]:
    """Journal, as rejected, a command that came as a bare message and fails validation."""
    result = celery_result(command_id, envelope)
    args = [command_id, kind.value, customer, lane.value, http_status, envelope["code"]]
    return Call(bool, "refuse", [*args, result, keep_s * 1000])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
