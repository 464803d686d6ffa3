"""Celery messages as Kombu's Redis transport keeps them in a queue's list.

They are written by the journal's own scripts, so that row and message appear together. The form
is Celery's message protocol 2 in Kombu's virtual-transport wrapping; tests compare it field by
field with what `app.send_task` publishes.
"""

from __future__ import annotations

import base64
import json
import os
import socket
from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import uuid4

from producer.contract import AssignCard, SetDefaultCard
from producer.contract.redaction import redact

# Tells a worker that the journal had this command before its message was sent.
JOURNALLED = "cards-journalled"
LIST_CARDS = "ListCards"
READ_CUSTOMER = "ReadCustomer"
BATCH = "CardCommands"


def task_message(command: AssignCard | SetDefaultCard, command_id: str, queue: str) -> str:
    """The message that wakes a worker for an accepted command."""
    fields = command.kwargs()
    return message(command.kind.value, command_id, fields, queue, {JOURNALLED: "1"})


def batch_message(command_ids: Sequence[str], queue: str) -> str:
    """The message that wakes a worker for many accepted commands; they are in the journal."""
    shown = f"{{'ids': [{len(command_ids)} commands]}}"
    fields = {"ids": list(command_ids)}
    return message(BATCH, str(uuid4()), fields, queue, {JOURNALLED: "1", "kwargsrepr": shown})


def message(
    task: str,
    task_id: str,
    kwargs: dict[str, Any],
    queue: str,
    extra_headers: dict[str, str] | None = None,
) -> str:
    """One Celery message; tokens are redacted in the representation that Flower shows."""
    body = json.dumps([[], kwargs, _NO_CALLBACKS], separators=(",", ":"))
    headers = {
        "lang": "py",
        "task": task,
        "id": task_id,
        "shadow": None,
        "eta": None,
        "expires": None,
        "group": None,
        "group_index": None,
        "retries": 0,
        "timelimit": [None, None],
        "root_id": task_id,
        "parent_id": None,
        "argsrepr": "()",
        "kwargsrepr": redact(repr(kwargs)),
        "origin": _origin(),
        "ignore_result": True,
        **(extra_headers or {}),
    }
    return json.dumps(
        {
            "body": base64.b64encode(body.encode()).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": headers,
            "properties": {
                "correlation_id": task_id,
                "reply_to": "",
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": str(uuid4()),
            },
        },
        separators=(",", ":"),
    )


_NO_CALLBACKS = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


@cache
def _hostname() -> str:
    return socket.gethostname()


def _origin() -> str:
    return f"{os.getpid()}@{_hostname()}"
