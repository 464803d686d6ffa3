"""Decodes a queue's messages as a consumer does."""

from __future__ import annotations

import json
from typing import Any


def decode(raw: str) -> tuple[dict[str, Any], Any]:
    """Headers and payload of a message as Kombu's Redis transport stores it."""
    message = json.loads(raw)
    assert message["content-type"] == "application/json"
    assert "body_encoding" not in message["properties"]
    return message["headers"], json.loads(message["body"])
