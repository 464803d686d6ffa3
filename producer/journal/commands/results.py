"""An envelope as Celery's results backend stores a successful task's result."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from producer.contract import Envelope


def celery_result(command_id: str, envelope: Envelope) -> str:
    """The stored form (celery.backends.base.Backend._get_result_meta), read by `get()`.

    The state is SUCCESS for every end: the task ran to its end, and the envelope tells which.
    """
    return json.dumps(
        {
            "status": "SUCCESS",
            "result": envelope.model_dump(),
            "traceback": None,
            "children": [],
            "date_done": datetime.now(UTC).isoformat(),
            "task_id": command_id,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def envelope_of(stored: str) -> dict[str, Any]:
    """The envelope of a stored result."""
    envelope: dict[str, Any] = json.loads(stored)["result"]
    return envelope
