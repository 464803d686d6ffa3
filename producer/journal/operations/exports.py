"""Export of the journal's data about one command, for the operator."""

from __future__ import annotations

import json
import re
from typing import Any

from producer.contract.card_data.card_numbers import mask_card_numbers
from producer.contract.card_data.redaction import redact
from producer.journal.redis.calls import Call, pairs_to_dict

_MOMENT = re.compile(r"1[0-9]{12} ")


def export(command_id: str) -> Call[dict[str, Any] | None]:
    """The command's row, result, customer, queue length, stop and pauses; None if unknown.

    Tokens and card numbers are redacted. Times are milliseconds since the epoch.
    """

    def parse(answer: Any) -> dict[str, Any] | None:
        row, result, lease, pending, stop, paused, due, queued, now = answer
        if not row:
            return None
        exported = {
            "id": command_id,
            "exportedAt": int(now),
            "row": pairs_to_dict(row),
            "result": _json(result),
            "customer": {
                "lease": pairs_to_dict(lease),
                "lookedAtAgain": due or None,
                "unended": list(pending),
            },
            "queueLength": queued if isinstance(queued, int) else None,
            "stripeKeyRefused": pairs_to_dict(stop),
            "pausedLanes": pairs_to_dict(paused),
        }
        return {name: _redacted(value) for name, value in exported.items()}

    return Call(parse, "export", [command_id])


def _redacted(value: Any) -> Any:
    match value:
        case dict():
            return {name: _redacted(item) for name, item in value.items()}
        case list():
            return [_redacted(item) for item in value]
        case str() if not value.isdecimal():
            # One in ten times in milliseconds would pass for a card number.
            moment = _MOMENT.match(value)
            kept = moment[0] if moment else ""
            return kept + mask_card_numbers(redact(value[len(kept) :]))
    return value


def _json(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return text
