"""From the product's answers to observations for the history."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chaos.history import Observation

_BY_CODE = {"superseded": "superseded", "cancelled": "cancelled"}
_FAILED = 502


def observed_in_post(
    id: str, asked: float, at: float, status: int, body: Mapping[str, Any]
) -> Observation:
    """What a POST shows: with 202 the command's state, else its envelope."""
    if status == 202:
        return Observation(id, asked, at, str(body["data"]["state"]), "post")
    state = "succeeded" if body["status"] else _BY_CODE.get(str(body.get("code")), "rejected")
    if status == _FAILED and not body["status"]:
        state = "failed"
    return Observation(id, asked, at, state, "post", envelope_of(body), card_of(body))


def observed_in_status(asked: float, at: float, data: Mapping[str, Any], via: str) -> Observation:
    """What the status view shows."""
    result = data["result"]
    return Observation(
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
    """An envelope in short: any two that differ have different digests."""
    text = json.dumps(body, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return bool(body["status"]), body.get("code"), digest


def card_of(body: Mapping[str, Any]) -> str | None:
    """The card that an AssignCard's envelope names."""
    data = body.get("data")
    return data.get("cardId") if isinstance(data, dict) else None


def _unix(moment: str | None) -> float | None:
    return datetime.fromisoformat(moment).timestamp() if moment else None
