"""From an answer of the product to what goes into the history."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chaos.history import Told

_BY_CODE = {"superseded": "superseded", "cancelled": "cancelled"}
_GAVE_UP = 502


def told_by_post(id: str, asked: float, at: float, status: int, body: Mapping[str, Any]) -> Told:
    """What a POST answered of a command: 202 with its state, or its envelope at its end."""
    if status == 202:
        return Told(id, asked, at, str(body["data"]["state"]), "post")
    state = "succeeded" if body["status"] else _BY_CODE.get(str(body.get("code")), "rejected")
    if status == _GAVE_UP and not body["status"]:
        state = "failed"
    return Told(id, asked, at, state, "post", envelope_of(body), card_of(body))


def told_by_status(asked: float, at: float, data: Mapping[str, Any], via: str) -> Told:
    """What the status view says."""
    result = data["result"]
    return Told(
        id=str(data["taskId"]),
        asked=asked,
        at=at,
        state=str(data["state"]),
        via=via,
        envelope=envelope_of(result) if result is not None else None,
        shown=card_of(result) if result is not None else None,
        superseded_by=data["supersededBy"],
        finished=_unix(data["finishedAt"]),
    )


def envelope_of(body: Mapping[str, Any]) -> tuple[bool, str | None, str]:
    """An envelope in short: two that differ in anything differ in this."""
    text = json.dumps(body, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return bool(body["status"]), body.get("code"), digest


def card_of(body: Mapping[str, Any]) -> str | None:
    """The card that an AssignCard's envelope names."""
    data = body.get("data")
    return data.get("cardId") if isinstance(data, dict) else None


def _unix(moment: str | None) -> float | None:
    return datetime.fromisoformat(moment).timestamp() if moment else None
