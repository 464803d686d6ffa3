"""What a worker does at the word of whoever can publish to Redis."""

from __future__ import annotations

from celery.worker.control import Panel

# Flower asks for events; both change nothing else.
_HARMLESS = frozenset({"enable_events", "heartbeat"})
# Asked by workers that start, it also takes from them what they know as revoked.
_HELLO = "hello"


def take_no_orders() -> None:
    """Leave out what stops the worker, changes what it takes, or revokes; it still answers.

    Remote control has no signatures.
    """
    for name, about in Panel.meta.items():
        if (about.type == "control" and name not in _HARMLESS) or name == _HELLO:
            Panel.data.pop(name, None)
