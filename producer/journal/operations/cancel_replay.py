"""Cancels a command that was never sent, and replays one that failed."""

from __future__ import annotations

from producer.contract import AssignCard, Envelope, Lane, SetDefaultCard, State
from producer.journal.commands.messages import task_message
from producer.journal.commands.results import celery_result
from producer.journal.commands.signed_fields import NO_TERMS, Terms, sign_row
from producer.journal.redis.calls import Call
from producer.security.command_signatures import UNSIGNED, Signing


def cancel(command_id: str, envelope: Envelope, *, keep_s: int) -> Call[State | None]:
    """Cancel a command that was never sent; answers its state afterwards, None if unknown."""
    result = celery_result(command_id, envelope)
    return Call(_state, "cancel", [command_id, 409, result, keep_s * 1000], durable=True)


def replay(
    command_id: str,
    command: AssignCard | SetDefaultCard,
    lane: Lane,
    superseded: Envelope,
    *,
    keep_s: int,
    sender: str = "",
    terms: Terms = NO_TERMS,
    signing: Signing = UNSIGNED,
) -> Call[State | None]:
    """Replay a failed command; answers its state afterwards, None if unknown.

    Row and message get new signatures, the row's with its `sender` and `terms`.
    """
    message = task_message(command, command_id, lane.value, signing=signing, sender=sender)
    signature = sign_row(signing, command_id, command, lane, sender, terms)
    result = celery_result(command_id, superseded)
    args: list[str | int] = [command_id, lane.value, message, 409, result, keep_s * 1000]
    return Call(_state, "replay", [*args, signature], durable=True)


def _state(answer: str) -> State | None:
    return None if answer == "absent" else State(answer)
