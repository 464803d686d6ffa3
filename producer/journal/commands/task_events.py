"""Celery task events, as kombu publishes them, so that they can share a round trip with calls.

A test compares them field by field with those of Celery's own dispatcher.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from producer.journal.redis import keys
from producer.journal.redis.calls import Call

_ROUTING_KEY = "task.multi"


def publish_events(events: Sequence[dict[str, Any]], hostname: str, database: int) -> Call[None]:
    """Publish events of the group `task`, in one message, to subscribers of that database."""
    body = json.dumps(events, separators=(",", ":"))
    message = json.dumps(
        {
            "body": base64.b64encode(body.encode()).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {"hostname": hostname},
            "properties": {
                "delivery_mode": 1,
                "delivery_info": {"exchange": "celeryev", "routing_key": _ROUTING_KEY},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": str(uuid4()),
            },
        },
        separators=(",", ":"),
    )
    channel = keys.events(database, _ROUTING_KEY)
    return Call(lambda _: None, commands=[("PUBLISH", channel, message)])
