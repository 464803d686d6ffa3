"""Acceptance: a command gets its row, its place in the order and its message in one step."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from producer.contract import AssignCard, CommandKind, Envelope, Lane, SetDefaultCard
from producer.contract.caller_texts import Text
from producer.contract.metadata import metadata_text
from producer.contract.refusals import IdempotencyKeyReused
from producer.journal.commands.messages import batch_message, task_message
from producer.journal.commands.results import celery_result
from producer.journal.commands.signed_fields import sign_row
from producer.journal.redis.calls import Call
from producer.security.command_signatures import UNSIGNED, Signing

# Longer than any command takes; its end sets this to the time its status is kept (>= 24 h).
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
    sender: str = "",
    message_received: bool = False,
    signing: Signing = UNSIGNED,
    trace: str = "",
    metadata: Mapping[str, str] | None = None,
) -> Call[Acceptance]:
    """Accept the command, once however often the call is run.

    One script writes row and message, so no crash leaves one without the other. With
    `message_received` a worker already has the message, and only the row is written. Both are
    signed with `signing`. Idempotency keys belong to their `sender`; senders without a name share
    theirs. `trace` is the `traceparent` of the attempts' parent span, as `tracing.parse` answers
    it. `metadata` is as in `producer.contract.metadata`.

    Raises (when run):
        IdempotencyKeyReused: the key was used with another body, or other metadata.
    """
    queue, message = lane.value, ""
    if not message_received:
        message = task_message(command, command_id, queue, signing=signing, sender=sender)
    signature = sign_row(signing, command_id, command, lane, sender)
    tags = metadata_text(metadata)
    kind, user, card, slot, idem, body = _row_args(command, idempotency_key, sender, tags)
    args = [command_id, kind, user, card, lane.value, slot, idem, body, _IDEMPOTENCY_MS]
    args += [sender, signature, trace, tags, queue, message]
    return Call(_acceptance, "accept", args, durable=True)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A command to be accepted with others."""

    id: str
    command: AssignCard | SetDefaultCard
    idempotency_key: str | None = None
    trace: str = ""
    metadata: Mapping[str, str] | None = None


def accept_many(
    candidates: Sequence[Candidate],
    *,
    lane: Lane = Lane.BULK,
    flow: str = "",
    sender: str = "",
    signing: Signing = UNSIGNED,
) -> Call[list[Acceptance | IdempotencyKeyReused]]:
    """Accept commands that share one message, each once however often the call is run.

    `flow` names what is sent together: flows share the bulk lane evenly, however much each sends.
    The idempotency keys belong to `sender`. The answer has an acceptance for each command, or the
    refusal where its key was used for another one.
    """
    if len(candidates) == 1:
        (only,) = candidates
        message = task_message(only.command, only.id, lane.value, signing=signing, sender=sender)
    else:
        ids = [candidate.id for candidate in candidates]
        message = batch_message(ids, lane.value, signing=signing, sender=sender)
    single = int(len(candidates) == 1)
    args: list[str | int] = [lane.value, _IDEMPOTENCY_MS, flow, message, single, sender]
    for candidate in candidates:
        command, tags = candidate.command, metadata_text(candidate.metadata)
        args += [candidate.id, *_row_args(command, candidate.idempotency_key, sender, tags)]
        args += [sign_row(signing, candidate.id, command, lane, sender), candidate.trace, tags]
    return Call(_acceptances, "accept_many", args, durable=True)


def _row_args(
    command: AssignCard | SetDefaultCard, key: str | None, sender: str, tags: str
) -> tuple[str, ...]:
    """Kind, user, card, slot, and the digests of the idempotency key and of its body."""
    slot = command.slot.value if isinstance(command, SetDefaultCard) else ""
    kind, user, card = command.kind.value, command.customer, command.object_id
    if key is None:
        return kind, user, card, slot, "", ""
    # A sender's name contains no line break.
    key_of_sender = f"{sender}\n{key}" if sender else key
    body = f"{kind} {user} {card} {tags}" if tags else f"{kind} {user} {card}"
    return kind, user, card, slot, _digest(key_of_sender), _digest(body)


def _acceptances(answer: Any) -> list[Acceptance | IdempotencyKeyReused]:
    acceptances: list[Acceptance | IdempotencyKeyReused] = []
    for item in answer:
        try:
            acceptances.append(_acceptance(item))
        except IdempotencyKeyReused as refusal:
            acceptances.append(refusal)
    return acceptances


def _acceptance(answer: Any) -> Acceptance:
    status, command_id = answer
    if status == "reused":
        raise IdempotencyKeyReused(Text.KEY_REUSED)
    return Acceptance(command_id, known=status == "known")


def refuse(
    command_id: str,
    kind: CommandKind,
    customer: str,
    lane: Lane,
    *,
    http_status: int,
    envelope: Envelope,
    keep_s: int,
) -> Call[bool]:
    """Journal, as rejected, a command that arrived as a bare message and failed validation."""
    result = celery_result(command_id, envelope)
    args = [command_id, kind.value, customer, lane.value, http_status, envelope.code or ""]
    return Call(bool, "refuse", [*args, result, keep_s * 1000], durable=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
