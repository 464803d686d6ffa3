"""Verifies the signatures of messages, after `worker.messages.validation`."""

from __future__ import annotations

import time
from typing import Any, ClassVar, Final

from producer.contract import CommandKind
from producer.journal.commands.messages import LIST_CARDS, READ_CUSTOMER
from producer.journal.commands.signed import JOURNALLED, SIGNATURE, message_flaw
from producer.journal.operations.dead_letters import DeadReason
from producer.security.command_signatures import UNSIGNED, Flaw, Signing
from worker.messages.validation import Admitted, Dead, shown

# Twice as long as callers wait for the answer to a read.
READ_MAX_AGE_S: Final = 60
_READS = frozenset({LIST_CARDS, READ_CUSTOMER})
_COMMANDS = frozenset(kind.value for kind in CommandKind)
_REASONS = {
    Flaw.MISSING: DeadReason.UNSIGNED,
    Flaw.INVALID: DeadReason.FORGED,
    Flaw.STALE: DeadReason.STALE,
}


class MessageSignatures:
    """Verifies the signature of every valid message."""

    # On the class, since Kombu makes the channels that use it.
    of_process: ClassVar[MessageSignatures]

    def __init__(self, signing: Signing) -> None:
        self._signing = signing

    def check(self, message: Admitted, *, of_tasks: bool) -> None:
        """Raise Dead unless the message may be processed. `of_tasks`: it is from a task queue.

        A bare message of a command may always be processed: its sender waits for an answer, which
        the message handler gives.
        """
        signing = self._signing
        if not signing.on:
            return
        if not of_tasks:
            if signing.required and _names_a_task(message):
                raise self._dead(message, Flaw.MISSING)
            return
        headers = message["headers"]
        task = headers.get("task")
        if not isinstance(task, str):
            # Celery's message protocol 1, which our own senders never write.
            message.body.pop(JOURNALLED, None)
            headers.pop(JOURNALLED, None)
            headers.pop(SIGNATURE, None)
            task = message.body["task"]
        if not headers.get(SIGNATURE):
            bare = task in _COMMANDS and not headers.get(JOURNALLED)
            if signing.required and not bare:
                raise self._dead(message, Flaw.MISSING)
            return
        flaw = message_flaw(
            signing,
            headers,
            message["body"],
            now_ms=time.time() * 1000,
            max_age_s=READ_MAX_AGE_S if task in _READS else signing.max_age_s,
        )
        if flaw is not None:
            raise self._dead(message, flaw)

    def _dead(self, message: Admitted, flaw: Flaw) -> Dead:
        return Dead(_REASONS[flaw], shown(message))


MessageSignatures.of_process = MessageSignatures(UNSIGNED)


def _names_a_task(message: Admitted) -> bool:
    body: Any = message.body
    return "task" in message["headers"] or (isinstance(body, dict) and "task" in body)
