"""A failed command as JSON types, for `--json` and the API."""

from __future__ import annotations

from typing import Any

from producer.contract.card_data.redaction import redact
from producer.journal.operations.failed_commands import FailedCommand


def failed_wire(failed: FailedCommand) -> dict[str, Any]:
    """The command with the contract's names; the token is redacted."""
    fields = {name: redact(value) for name, value in failed.order.kwargs().items()}
    return {
        "taskId": failed.id,
        "command": failed.order.kind.value,
        **fields,
        "lane": failed.lane.value,
        "sender": failed.sender or None,
        "metadata": dict(failed.metadata),
        "code": failed.code,
        "error": redact(failed.error),
        "failedAt": failed.failed_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "attempts": failed.attempts,
    }
