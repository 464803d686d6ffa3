"""All that the journal has about one command, for a person who asks why."""

from __future__ import annotations

import json
import re
from typing import Any

from producer.contract.card_data.card_numbers import mask_card_numbers
from producer.contract.card_data.redaction import redact
from producer.journal.redis.calls import Call, pairs_to_dict

_MOMENT = re.compile(r"1[0-9]{12} ")


def export(command_id: str) -> Call[dict[str, Any] | None]:
    """The command's row, result, customer and surroundings; None where it is not known.

    Tokens and card numbers are redacted. Times are milliseconds since the epoch.
    """

    def parse(answer: Any) -> dict[str, Any] | None:
        row, result, lease, pending, stop, paused, look_at, queued, now = answer
        if not row:
            return None
        told = {
            "id": command_id,
            "exportedAt": int(now),
            "row": pairs_to_dict(row),
            "result": _json(result),
            "customer": {
                "lease": pairs_to_dict(lease),
                "lookedAtAgain": look_at or None,
                "unended": list(pending),
            },
            "queueLength": queued if isinstance(queued, int) else None,
            "stripeKeyRefused": pairs_to_dict(stop),
            "pausedLanes": pairs_to_dict(paused),
        }
        return {name: _redacted(value) for name, value in told.items()}

    return Call(parse, "export", [command_id])


def _redacted(value: Any) -> Any:
    match value:
        case dict():
            return {name: _redacted(one) for name, one in value.items()}
        case list():
            return [_redacted(one) for one in value]
        case str() if not value.isdecimal():
            # Of a moment in milliseconds every tenth would pass for a card number.
            moment = _MOMENT.match(value)
            kept = moment[0] if moment else ""
            return kept + mask_card_numbers(redact(value[len(kept) :]))
    return value


def _json(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return text
