"""A failed command as JSON types, for `--json` and the API."""

from __future__ import annotations

from typing import Any

from producer.contract.card_data.redaction import redact
from producer.journal.operations.failed import FailedCommand


def failed_wire(one: FailedCommand) -> dict[str, Any]:
    """By the contract's names; the token is redacted."""
    fields = {name: redact(value) for name, value in one.order.kwargs().items()}
    return {
        "taskId": one.id,
        "command": one.order.kind.value,
        **fields,
        "lane": one.lane.value,
        "sender": one.sender or None,
        "metadata": dict(one.metadata),
        "code": one.code,
        "error": redact(one.error),
        "failedAt": one.failed_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "attempts": one.attempts,
    }
