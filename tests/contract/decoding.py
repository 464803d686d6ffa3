"""Reads a queue's messages the way a consumer does."""

from __future__ import annotations

import base64
import json
from typing import Any


def decode(raw: str) -> tuple[dict[str, Any], Any]:
    """Headers and payload of a message as Kombu's Redis transport keeps it."""
    message = json.loads(raw)
    assert message["content-type"] == "application/json"
    assert message["properties"]["body_encoding"] == "base64"
    body = base64.b64decode(message["body"]).decode(message["content-encoding"])
    return message["headers"], json.loads(body)
