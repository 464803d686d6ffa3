"""Restricts remote control, which anybody who can publish to Redis may send."""

from __future__ import annotations

from celery.worker.control import Panel

# Flower asks for events; both change nothing else.
_HARMLESS = frozenset({"enable_events", "heartbeat"})
# Sent by workers that start; the receiver also adopts their list of revoked tasks.
_HELLO = "hello"


def refuse_remote_control() -> None:
    """Drop the commands that stop the worker, change what it consumes, or revoke; keep queries.

    Remote control has no signatures.
    """
    for name, info in Panel.meta.items():
        if (info.type == "control" and name not in _HARMLESS) or name == _HELLO:
            Panel.data.pop(name, None)
