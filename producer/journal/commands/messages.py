"""Celery messages as Kombu's Redis transport keeps them in a queue's list.

The journal's own scripts write them, so that row and message appear together. The format is
Celery's message protocol 2 in Kombu's virtual-transport wrapping, without the fields for which a
Celery worker has defaults: less than half of what `app.send_task` writes. Tests compare how a
worker reads both.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from secrets import token_urlsafe
from typing import Any
from uuid import uuid4

from producer.contract import AssignCard, CommandKind, SetDefaultCard
from producer.journal.commands.signed_fields import JOURNALLED, sign_message
from producer.security.command_signatures import UNSIGNED, Signing

LIST_CARDS = "ListCards"
READ_CUSTOMER = "ReadCustomer"
BATCH = "CardCommands"
# Names of all tasks that our workers carry out.
TASKS = frozenset({*(kind.value for kind in CommandKind), LIST_CARDS, READ_CUSTOMER, BATCH})


def task_message(
    command: AssignCard | SetDefaultCard,
    command_id: str,
    queue: str,
    *,
    signing: Signing = UNSIGNED,
    sender: str = "",
) -> str:
    """The message that wakes a worker for an accepted command."""
    return message(
        command.kind.value,
        command_id,
        command.kwargs(),
        queue,
        {JOURNALLED: "1"},
        signing=signing,
        sender=sender,
    )


def batch_message(
    command_ids: Sequence[str], queue: str, *, signing: Signing = UNSIGNED, sender: str = ""
) -> str:
    """The message that wakes a worker for many accepted commands; it has their ids only."""
    shown = f"{{'ids': [{len(command_ids)} commands]}}"
    fields = {"ids": list(command_ids)}
    headers = {JOURNALLED: "1", "kwargsrepr": shown}
    return message(BATCH, str(uuid4()), fields, queue, headers, signing=signing, sender=sender)


def message(
    task: str,
    task_id: str,
    kwargs: dict[str, Any],
    queue: str,
    extra_headers: dict[str, str] | None = None,
    *,
    signing: Signing = UNSIGNED,
    sender: str = "",
) -> str:
    """One Celery message, signed where there are keys."""
    body = _json([[], kwargs, {}])
    headers = {"task": task, "id": task_id, **(extra_headers or {})}
    return _json(
        {
            "body": body,
            "content-type": "application/json",
            "headers": {**headers, **sign_message(signing, headers, body, sender)},
            "properties": {
                "delivery_info": {"exchange": "", "routing_key": queue},
                # It has to be unique only among the messages that a worker holds.
                "delivery_tag": token_urlsafe(9),
            },
        }
    )


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
